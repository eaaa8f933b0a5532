import numpy as np
import pytest

from digitrec.ink.drawings import Drawing, Stroke, render
from digitrec.ink.morphology import stroke_widths


def line(degrees: float, width: float) -> np.ndarray:
    """A stroke through the middle, leaning to the right by so many degrees, drawn large and brought to 28 x 28."""
    angle = np.radians(degrees)
    move = 90 * np.array([np.sin(angle), -np.cos(angle)])
    ink = render(Drawing((Stroke(np.array([140 - move, 140 + move], np.float32), width * 10),)))
    return np.rint(ink.reshape(28, 10, 28, 10).mean(axis=(1, 3))).astype(np.uint8)


@pytest.mark.parametrize("width", [2, 3, 4])
@pytest.mark.parametrize("degrees", [0, 30, 60])
def test_stroke_width_is_that_of_a_line(width: float, degrees: float) -> None:
    measured = stroke_widths(line(degrees, width)[None] > 127)[0]
    assert measured == pytest.approx(width, rel=0.35)


def test_thicker_strokes_measure_wider() -> None:
    images = np.stack([line(20, width) for width in (1.5, 2.5, 3.5, 5)])
    assert (np.diff(stroke_widths(images > 127)) > 0).all()


@pytest.mark.parametrize("width", [3, 6, 9])
def test_the_width_of_a_pen_is_estimated(width: int) -> None:
    ink = render(Drawing((Stroke(np.array([[60, 60], [220, 120], [100, 230]], np.float32), width),)), 280)
    assert stroke_widths(ink[None] >= 128)[0] == pytest.approx(width, rel=0.2)
