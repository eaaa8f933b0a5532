import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from digitrec.datasets.exploration.properties import describe_properties, measure_images, slants
from digitrec.ink.drawings import Drawing, Stroke, render
from digitrec.ink.morphology import stroke_widths


def line(degrees: float, width: float) -> np.ndarray:
    """A stroke through the middle, leaning to the right by so many degrees, drawn large and brought to 28 x 28."""
    angle = np.radians(degrees)
    move = 90 * np.array([np.sin(angle), -np.cos(angle)])
    ink = render(Drawing((Stroke(np.array([140 - move, 140 + move], np.float32), width * 10),)))
    return np.rint(ink.reshape(28, 10, 28, 10).mean(axis=(1, 3))).astype(np.uint8)


@pytest.mark.parametrize("degrees", [-40, -15, 0, 10, 35])
def test_slant_is_the_angle_of_a_line(degrees: float) -> None:
    image = line(degrees, 2)
    measured = slants(image[None].astype(np.float32) / 255)[0]
    assert measured == pytest.approx(degrees, abs=2)


def test_no_ink_has_neither_width_nor_slant() -> None:
    empty = np.zeros((1, 28, 28), np.uint8)
    assert stroke_widths(empty > 127).tolist() == [0]
    assert slants(empty.astype(np.float32)).tolist() == [0]


def test_properties_are_those_of_plain_loops() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 3, 40).astype(np.uint8)
    frame = measure_images(images, labels)
    means = {digit: images[labels == digit].mean(axis=0) / 255 for digit in (0, 1, 2)}
    for index in range(40):
        grey, label = images[index] / 255, labels[index]
        assert frame["ink"][index] == pytest.approx(grey.mean(), rel=1e-4)
        own = np.sqrt(((grey - means[label]) ** 2).mean())
        others = [np.sqrt(((grey - means[digit]) ** 2).mean()) for digit in means if digit != label]
        assert frame["unusual"][index] == pytest.approx(own, rel=1e-3)
        assert frame["other"][index] == pytest.approx(min(others) / own, rel=1e-3)


def test_no_images_make_an_empty_frame() -> None:
    frame = measure_images(np.empty((0, 28, 28), np.uint8), np.empty(0, np.uint8))
    assert len(frame) == 0
    assert list(frame) == ["ink", "width", "slant", "unusual", "other"]


def test_shift_changes_neither_slant_nor_width() -> None:
    image = line(25, 2)
    moved = ndimage.shift(image, (2, -3), order=0)
    both = np.stack([image, moved])
    assert np.ptp(slants(both.astype(np.float32) / 255)) < 0.1
    assert np.ptp(stroke_widths(both > 127)) < 0.01


@pytest.mark.parametrize(("slant", "side"), [(-12.4, "12° to the left"), (7.6, "8° to the right")])
def test_a_row_is_a_sentence(slant: float, side: str) -> None:
    told = describe_properties(pd.Series({"ink": 0.153, "width": 2.34, "slant": slant, "unusual": 0.2, "other": 1.1}))
    assert told == f"Ink covers 15% of the picture, the strokes are 2.3 pixels wide, and it leans {side}."
