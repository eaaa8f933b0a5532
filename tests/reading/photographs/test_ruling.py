import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.reading.photographs.contrast import (
    find_strokes,
    measure_contrast,
)
from digitrec.reading.photographs.ruling import find_slope, remove_ruling
from tests.reading.photographs.helpers import rings
from tests.sheets import Rendered


def ruled(slope: float, thickness: int = 2, grey: float = 0.3) -> NDArray[np.float32]:
    contrast = np.zeros((500, 600), np.float32)
    for start in range(-200, 700, 60):
        rows = np.rint(start + slope * np.arange(600)).astype(int)
        for extra in range(thickness):
            inside = (rows + extra >= 0) & (rows + extra < 500)
            contrast[(rows + extra)[inside], np.arange(600)[inside]] = grey
    return contrast


@settings(max_examples=12, deadline=None)
@given(st.floats(-15, 15))
def test_the_slope_of_ruling_is_found(degrees: float) -> None:
    found = find_slope(ruled(np.tan(np.deg2rad(degrees))) > 0)
    assert np.rad2deg(np.arctan(found)) == pytest.approx(degrees, abs=0.4)


@pytest.mark.parametrize("degrees", [-14, -3, 0, 5, 15])
@pytest.mark.parametrize("is_squared", [False, True])
def test_nothing_is_left_of_empty_ruled_paper(degrees: float, is_squared: bool) -> None:
    slope = np.tan(np.deg2rad(degrees))
    contrast = ruled(slope)
    if is_squared:
        turned = ruled(-slope).T
        contrast[:, :500] = np.maximum(contrast[:, :500], turned[:500])
    left, taken = remove_ruling(contrast > 0.1, contrast)
    assert left.mean() < 0.01 * taken.mean()


@pytest.mark.parametrize("grey", [0.3, 0.7], ids=["paler than the pen", "as dark as the pen"])
@pytest.mark.parametrize("degrees", [0, 6])
def test_a_ring_on_ruling_is_not_cut(grey: float, degrees: float) -> None:
    ring = rings([(250, 140, 320, 230)], (600, 500)) < 128
    contrast = np.maximum(ruled(np.tan(np.deg2rad(degrees)), grey=grey), np.where(ring, np.float32(0.7), 0))
    left, taken = remove_ruling(contrast > 0.1, contrast)
    assert left[ring].mean() > 0.97
    assert left[~ring].sum() < 0.15 * ring.sum()
    assert ndimage.label(left & ring, np.ones((3, 3)))[1] == 1
    assert not (left & taken).any()


@pytest.mark.parametrize("lean", [0, 0.5])
def test_a_thin_stroke_as_dark_as_the_lines_that_it_crosses_is_whole(lean: float) -> None:
    contrast = ruled(0)
    for row in range(190, 310):
        left = round(300 + lean * (row - 250))
        contrast[row, left : left + 3] = 0.3
    left, _ = remove_ruling(contrast > 0.1, contrast)
    assert ndimage.label(left, np.ones((3, 3)))[1] == 1
    assert left[190:310].any(axis=1).all()


def test_the_foot_of_a_digit_that_lies_on_a_line_stays() -> None:
    contrast = ruled(0)
    contrast[280:282, 200:240] = 0.7  # a line lies at 280
    left, _ = remove_ruling(contrast > 0.1, contrast)
    assert left[280:282, 200:240].all()
    assert left.sum() == 80


def test_a_short_bar_is_no_ruling() -> None:
    contrast = np.zeros((500, 600), np.float32)
    contrast[280:282, 200:260] = 0.7
    assert remove_ruling(contrast > 0.1, contrast)[0].sum() == 120


def test_where_there_is_no_ruling_nothing_is_taken(page: Rendered) -> None:
    contrast = measure_contrast(page.picture[..., 1].astype(np.float32))
    strokes = find_strokes(contrast)
    left, taken = remove_ruling(strokes, contrast)
    np.testing.assert_array_equal(left, strokes)
    assert not taken.any()
