import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from digitrec.charts.layers import tile_channels
from digitrec.charts.pictures import (
    AGAINST,
    FAINT,
    FOR,
    as_grey,
    as_paper,
    colour_by_weight,
    colour_signed,
    enlarge,
    lay_out,
    shade,
)
from digitrec.ink.image_files import to_png

GREYS = np.array([[0, 10], [200, 255]], np.uint8)


def test_ink_becomes_dark_on_white() -> None:
    assert as_paper(GREYS).tolist() == [[255, 245], [55, 0]]
    assert as_paper(GREYS).dtype == np.uint8


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_enlarging_is_krons(factor: int) -> None:
    np.testing.assert_array_equal(enlarge(GREYS, factor), np.kron(GREYS, np.ones((factor, factor), np.uint8)))


def test_the_strongest_weights_get_the_full_colours() -> None:
    weight = np.array([[2, -2, 0, 2]], np.float32)
    coloured = colour_by_weight(np.array([[255, 255, 255, 0]], np.uint8), weight)
    assert coloured.shape == (1, 4, 3)
    assert coloured.dtype == np.uint8
    assert coloured.tolist() == [[FOR.tolist(), AGAINST.tolist(), FAINT.tolist(), [255, 255, 255]]]


def test_a_stronger_weight_is_nearer_to_its_colour() -> None:
    weight = np.linspace(0, 1, 6, dtype=np.float32)[None]
    coloured = colour_by_weight(np.full((1, 6), 255, np.uint8), weight)[0].astype(float)
    distance = np.abs(coloured - FOR).sum(axis=1)
    assert (np.diff(distance) < 0).all()


def test_fainter_ink_is_nearer_to_paper() -> None:
    coloured = colour_by_weight(np.array([[255, 128, 0]], np.uint8), np.ones((1, 3), np.float32))[0].astype(int)
    np.testing.assert_allclose(coloured[1], (coloured[0] + 255) / 2, atol=1)


def test_no_weight_at_all_is_faint_ink() -> None:
    coloured = colour_by_weight(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.float32))
    assert (coloured == FAINT).all()


@pytest.mark.parametrize("value", [0, -3])
def test_channels_that_answer_nothing_are_white(value: float) -> None:
    assert (tile_channels(np.full((4, 4, 1), value, np.float32), columns=1, side=4) == 255).all()


@pytest.mark.parametrize("picture", [GREYS, np.stack([GREYS] * 3, axis=2)], ids=["grey", "RGB"])
def test_a_png_is_opened_as_it_was_written(picture: np.ndarray) -> None:
    with Image.open(io.BytesIO(to_png(picture))) as opened:
        assert opened.format == "PNG"
        np.testing.assert_array_equal(np.asarray(opened), picture)


def test_signed_values_get_the_colours_of_their_sign() -> None:
    coloured = colour_signed(np.array([[1, -1, 0], [9, -9, 0.5]], np.float32))
    assert (coloured.shape, coloured.dtype) == ((2, 3, 3), np.uint8)
    half = ((255 + FOR) / 2).tolist()
    np.testing.assert_allclose(coloured, [[FOR, AGAINST, [255] * 3], [FOR, AGAINST, half]], atol=0.51)


@pytest.mark.parametrize(("sign", "colour"), [(1, FOR), (-1, AGAINST)])
def test_a_larger_value_is_nearer_to_its_colour(sign: int, colour: np.ndarray) -> None:
    coloured = colour_signed(sign * np.linspace(0, 1, 6, dtype=np.float32)[None])[0]
    assert (np.diff(np.abs(coloured - colour.astype(float)).sum(axis=1)) < 0).all()


def test_shares_become_greys() -> None:
    greys = as_grey(np.array([[0, 1, 0.25], [-3, 7, 1 / 255]]))
    assert greys.tolist() == [[255, 0, 191], [255, 0, 254]]
    assert greys.dtype == np.uint8


def test_the_greys_of_shares_are_the_paper_of_their_ink() -> None:
    ink = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(as_grey(ink / np.float32(255)), as_paper(ink))


NUMBERS = arrays(np.float32, array_shapes(min_dims=2, max_dims=2), elements=st.floats(-1000, 1000, width=32))


@settings(max_examples=80, deadline=None)
@given(NUMBERS)
def test_shades_run_from_white_at_the_smallest_to_black_at_the_largest(values: np.ndarray) -> None:
    shaded = shade(values)
    assert (shaded.shape, shaded.dtype) == (values.shape, np.uint8)
    assert (shaded[values == values.min()] == 255).all()
    if values.max() > values.min():
        assert (shaded[values == values.max()] == 0).all()
    ordered = shaded.ravel()[np.argsort(values, axis=None)].astype(int)
    assert (np.diff(ordered) <= 0).all()


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, (3, 4)), st.integers(-50, 50), st.sampled_from([0.5, 2, 8]))
def test_shades_stay_when_values_are_moved_and_stretched(values: np.ndarray, move: int, stretch: float) -> None:
    np.testing.assert_array_equal(shade(values.astype(np.float64) * stretch + move), shade(values))


def test_shades_are_linear() -> None:
    assert shade(np.array([[-1, 0, 1, 3]], np.float32)).tolist() == [[255, 191, 128, 0]]


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=7)), st.integers(1, 9))
def test_images_are_laid_out_in_rows(images: np.ndarray, columns: int) -> None:
    n, h, w = images.shape
    rows = -(-n // columns)
    blank = np.zeros((h, w), np.uint8)
    cells = [*images, *[blank] * (rows * columns - n)]
    expected = np.block([[cells[row * columns + column] for column in range(columns)] for row in range(rows)])
    np.testing.assert_array_equal(lay_out(images, columns), expected)


def test_no_images_are_laid_out_as_one_black_row() -> None:
    sheet = lay_out(np.empty((0, 4, 5), np.uint8), 3)
    assert (sheet.shape, sheet.dtype, sheet.max()) == ((4, 15), np.uint8, 0)
