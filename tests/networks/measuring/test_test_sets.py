from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset
from digitrec.datasets.sources.mnist import split_mnist
from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PenDigit
from digitrec.datasets.synthetic.digit_forms import FORMS, way_of_writing
from digitrec.datasets.synthetic.font_letters import read_letters
from digitrec.datasets.synthetic.nondigits import TRAINED, UNSEEN, kinds
from digitrec.ink.preprocessing import shrink
from digitrec.networks.classifier import Classifier
from digitrec.networks.measuring import test_sets
from digitrec.networks.measuring.test_sets import (
    LENGTH,
    PENS,
    UNSEEN_KIND,
    Drawn,
    HeldOutSets,
    half,
    make_held_out_sets,
)

NONDIGITS, WRITTEN, STEP, SEED = 6, 2, 20, 3


@pytest.fixture(scope="module")
def held_out(pen_digits: tuple[PenDigit, ...]) -> tuple[PenDigit, ...]:
    return tuple(digit for digit in pen_digits[::STEP] if digit.writer in HELD_OUT_WRITERS)


@pytest.fixture(scope="module")
def few(mnist: Dataset, pen_digits: tuple[PenDigit, ...]) -> Iterator[None]:
    """Few digits to draw, and those of the training's writers have no places: whoever drew one would see it."""
    poisoned = tuple(
        digit
        if digit.writer in HELD_OUT_WRITERS
        else replace(digit, strokes=tuple(np.full_like(stroke, np.nan) for stroke in digit.strokes))
        for digit in pen_digits[::STEP]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_sets, "load_dataset", lambda _: mnist)
        patch.setattr(test_sets, "load_pen_digits", lambda: poisoned)
        patch.setattr(test_sets, "NONDIGITS", NONDIGITS)
        patch.setattr(test_sets, "WRITTEN", WRITTEN)
        yield


@pytest.fixture(scope="module")
def made(few: None) -> HeldOutSets:
    return make_held_out_sets(SEED)


def test_scans_are_those_of_people_whom_no_training_saw(made: HeldOutSets, mnist: Dataset) -> None:
    training, validation = split_mnist(mnist.train)
    np.testing.assert_array_equal(made.scans.images, mnist.test.images)
    np.testing.assert_array_equal(made.scans.labels, mnist.test.labels)
    np.testing.assert_array_equal(made.validation.images, validation.images)
    np.testing.assert_array_equal(made.validation.labels, validation.labels)
    assert made.validation.writers is not None
    assert training.writers is not None
    assert not set(made.validation.writers) & set(training.writers)


def test_pen_digits_are_those_of_the_held_out_writers_in_their_order(
    made: HeldOutSets, held_out: tuple[PenDigit, ...], classifier: Classifier
) -> None:
    assert len(held_out) > 50
    assert made.pen_labels.tolist() == [digit.label for digit in held_out]
    assert made.pen_labels.dtype == np.uint8
    assert made.styles.tolist() == [way_of_writing(digit.label, len(digit.strokes)) for digit in held_out]
    assert (classifier.predict_proba(made.pen.images).argmax(axis=1) == made.pen_labels).mean() > 0.95
    for path, digit in zip(made.pen.paths, held_out, strict=True):
        assert path[:, 4].sum() == len(digit.strokes)


def sets(made: HeldOutSets) -> dict[str, NDArray[np.uint8]]:
    """Every set of images, by a name."""
    return {
        "pen": made.pen.images,
        "naive": made.naive,
        "forms": made.forms.images,
        **made.widths,
        **made.rotated,
        **{kind: drawn.images for kind, drawn in made.nondigits.items()},
    }


def test_all_images_are_as_a_network_reads_them_and_have_ink(made: HeldOutSets) -> None:
    for name, images in sets(made).items():
        assert images.shape[1:] == (28, 28), name
        assert images.dtype == np.uint8, name
        assert images.max(axis=(1, 2)).min() > (20 if name == "naive" else 254), name
    n = len(made.pen_labels)
    assert {len(images) for images in (made.pen.images, made.naive, *made.widths.values())} == {n}
    assert {len(images) for images in made.rotated.values()} == {n}


def test_checks_are_the_same_for_the_same_seed_and_others_for_another(
    made: HeldOutSets, pen_digits: tuple[PenDigit, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = make_held_out_sets(SEED)
    for name, images in sets(made).items():
        np.testing.assert_array_equal(images, sets(again)[name], name)
    for kind, drawn in made.nondigits.items():
        np.testing.assert_array_equal(drawn.paths, again.nondigits[kind].paths)
    np.testing.assert_array_equal(made.pen.paths, again.pen.paths)
    monkeypatch.setattr(test_sets, "load_pen_digits", lambda: pen_digits[:: STEP * 10])
    monkeypatch.setattr(test_sets, "NONDIGITS", 1)
    other = make_held_out_sets(SEED + 1)
    assert (other.forms.images != made.forms.images).any()
    np.testing.assert_array_equal(other.forms.labels, made.forms.labels)


def test_every_kind_that_is_no_digit_is_there_with_its_paths_where_a_pen_drew_it(made: HeldOutSets) -> None:
    drawn_by_pen = [
        *(name.capitalize() for name in kinds(TRAINED, ())),
        *(name.capitalize() + UNSEEN_KIND for name in UNSEEN),
    ]
    of_fonts = {name.capitalize() + UNSEEN_KIND: images for name, images in read_letters().items()}
    assert list(made.nondigits) == [*drawn_by_pen, *of_fonts]
    for kind in drawn_by_pen:
        drawn = made.nondigits[kind]
        assert drawn.has_paths
        assert (len(drawn.images), drawn.paths.shape) == (NONDIGITS, (NONDIGITS, 64, 5))
        assert drawn.paths.dtype == np.float32
        assert np.isfinite(drawn.paths).all()
    for kind, images in of_fonts.items():
        drawn = made.nondigits[kind]
        assert not drawn.has_paths
        assert drawn.paths.shape == (0, 64, 5)
        np.testing.assert_array_equal(drawn.images, images)


def test_of_each_form_of_the_synthetic_writer_there_are_as_many(made: HeldOutSets) -> None:
    names = [f"{form.label}, {form.style}" for form in FORMS for _ in range(WRITTEN)]
    assert made.form_names.tolist() == names
    assert made.forms.labels.tolist() == [int(name[0]) for name in names]
    assert made.forms.labels.dtype == np.uint8


def test_a_thicker_pen_leaves_more_ink(made: HeldOutSets) -> None:
    assert [int(name.split()[1]) for name in made.widths] == list(PENS)
    assert {name.split()[-3] for name in made.widths} == {str(LENGTH)}
    ink = [images.mean(dtype=float) for images in made.widths.values()]
    assert (np.diff(ink) > 3).all()
    assert ink[-1] > 2 * ink[0]


def lean(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far each picture's ink moves to the right on the way up, a pixel a pixel."""
    rows, columns = np.mgrid[:28, :28]
    shares = images / images.sum(axis=(1, 2), keepdims=True)
    down, right = (axis - (shares * axis).sum(axis=(1, 2), keepdims=True) for axis in (rows[None], columns[None]))
    return -(shares * down * right).sum(axis=(1, 2)) / (shares * down**2).sum(axis=(1, 2))


def test_digits_are_turned_to_the_side_that_is_named(made: HeldOutSets) -> None:
    right, left = (lean(made.rotated[f"rotated 20° {side}"]) for side in ("clockwise", "anticlockwise"))
    upright = lean(made.widths[f"Pen 16 px wide, digits {LENGTH} px high"])
    assert list(made.rotated) == ["rotated 20° clockwise", "rotated 20° anticlockwise"]
    sticks = made.styles == "1 in one stroke"
    assert sticks.any()
    assert (left[sticks] < upright[sticks]).all()
    assert (upright[sticks] < right[sticks]).all()
    turned = np.rad2deg(np.arctan(right[sticks]) - np.arctan(left[sticks]))
    assert np.median(turned) == pytest.approx(40, abs=8)  # of one with a hook, the mean direction turns less


canvases = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (280, 280)).astype(np.uint8)
)


@settings(max_examples=5, deadline=None)
@given(canvases)
def test_shrinking_averages_ten_by_ten_pixels(canvas: NDArray[np.uint8]) -> None:
    shrunk = shrink(canvas)
    assert shrunk.shape == (28, 28)
    assert shrunk.dtype == np.uint8
    for row in range(28):
        for column in range(28):
            total = sum(int(pixel) for pixel in canvas[10 * row : 10 * row + 10, 10 * column : 10 * column + 10].flat)
            assert abs(int(shrunk[row, column]) - total / 100) <= 0.5


def test_shrinking_moves_nothing() -> None:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[30:40, 250:260] = 255
    expected = np.zeros((28, 28), np.uint8)
    expected[3, 25] = 255
    np.testing.assert_array_equal(shrink(canvas), expected)


def test_the_careless_drawings_are_the_same_ones_off_the_middle(made: HeldOutSets) -> None:
    right = np.arange(28) @ made.naive.sum(axis=1, dtype=float).T / made.naive.sum(axis=(1, 2))
    assert right.std() > 3  # where a network trained on MNIST finds everything in the middle
    ink = [images.reshape(len(images), -1).sum(axis=1) for images in (made.naive, made.pen.images)]
    assert ink[0].mean() < ink[1].mean()


@settings(deadline=None)
@given(st.integers(0, 9), st.booleans())
def test_halves_have_every_drawing_once(n: int, has_paths: bool) -> None:
    images = np.arange(n, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    paths = np.arange(n * has_paths, dtype=np.float32)[:, None, None] * np.ones((64, 5), np.float32)
    first, second = (half(Drawn(images, paths), which) for which in (0, 1))
    assert first.images[:, 0, 0].tolist() == list(range(0, n, 2))
    assert second.images[:, 0, 0].tolist() == list(range(1, n, 2))
    for part in (first, second):
        if has_paths:
            assert part.paths[:, 0, 0].tolist() == part.images[:, 0, 0].tolist()
        else:
            assert part.paths.shape == (0, 64, 5)
