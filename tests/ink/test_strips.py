import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.errors import InkError
from digitrec.ink.strips import FRAMES, Strip, to_column, to_strip

Ink = NDArray[np.uint8]


@st.composite
def solid_inks(draw: st.DrawFn) -> Ink:
    """Ink of 24 rows with some in each column, as dark as ink can be somewhere."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ink = rng.integers(0, 256, (24, draw(st.integers(1, 250))), dtype=np.uint8)
    ink[0] = ink[-1] = 255
    return ink


def bars(*lefts: int, height: int = 60, width: int = 6) -> Ink:
    ink = np.zeros((height, lefts[-1] + width), np.uint8)
    for left in lefts:
        ink[:, left : left + width] = 255
    return ink


def enlarged(ink: Ink, times: int) -> Ink:
    return ink.repeat(times, axis=0).repeat(times, axis=1)


@settings(max_examples=30, deadline=None)
@given(ink=solid_inks())
def test_ink_as_high_as_the_line_is_put_on_it_pixel_by_pixel(ink: Ink) -> None:
    strip = to_strip(ink)
    expected = np.zeros((28, 256), np.uint8)
    expected[2:26, 2 : 2 + ink.shape[1]] = ink
    assert strip.image.dtype == np.uint8
    np.testing.assert_array_equal(strip.image, expected)
    np.testing.assert_allclose(strip.columns[2 : 2 + ink.shape[1]], np.arange(ink.shape[1]))


@settings(max_examples=30, deadline=None)
@given(ink=solid_inks(), times=st.integers(2, 5))
def test_larger_ink_gives_the_same_strip(ink: Ink, times: int) -> None:
    small, large = to_strip(ink), to_strip(enlarged(ink, times))
    np.testing.assert_array_equal(large.image, small.image)
    shown = slice(2, 2 + ink.shape[1])
    np.testing.assert_allclose(large.columns[shown], small.columns[shown] * times + (times - 1) / 2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), times=st.integers(2, 4), wide=st.integers(1, 60))
def test_a_pixel_of_the_strip_is_the_mean_of_its_area(seed: int, times: int, wide: int) -> None:
    ink = np.random.default_rng(seed).integers(1, 256, (24 * times, wide * times), dtype=np.uint8)
    means = ink.reshape(24, times, wide, times).mean(axis=(1, 3))
    shown = to_strip(ink).image[2:26, 2 : 2 + wide]
    np.testing.assert_allclose(shown, means * 255 / means.max(), atol=3)  # rounded once a direction, then stretched


@settings(max_examples=30, deadline=None)
@given(ink=solid_inks(), margins=st.tuples(*[st.integers(0, 90)] * 4))
def test_where_the_number_stands_does_not_matter(ink: Ink, margins: tuple[int, int, int, int]) -> None:
    top, bottom, left, right = margins
    here, there = to_strip(ink), to_strip(np.pad(ink, [(top, bottom), (left, right)]))
    np.testing.assert_array_equal(there.image, here.image)
    np.testing.assert_allclose(there.columns, here.columns + left)


@settings(max_examples=20, deadline=None)
@given(ink=solid_inks(), share=st.sampled_from([2, 3, 5]))
def test_how_dark_the_pen_is_does_not_matter(ink: Ink, share: int) -> None:
    faint = ink // share
    np.testing.assert_allclose(to_strip(faint).image, to_strip(faint * np.uint8(share)).image, atol=1)


def test_a_gap_wider_than_a_third_of_the_height_says_nothing_more() -> None:
    third = to_strip(bars(0, 26)).image
    for gap in (21, 60, 700):
        np.testing.assert_array_equal(to_strip(bars(0, 6 + gap)).image, third)
    for gap in (10, 15):
        assert to_strip(bars(0, 6 + gap)).image.any(axis=0).sum() == third.any(axis=0).sum()
        assert last_column(to_strip(bars(0, 6 + gap))) == last_column(Strip(third, np.empty(0))) - round(
            (20 - gap) / 2.5
        )


def last_column(strip: Strip) -> int:
    return int(np.flatnonzero(strip.image.any(axis=0))[-1])


@settings(max_examples=40, deadline=None)
@given(gaps=st.lists(st.integers(10, 300), max_size=5), before=st.integers(0, 50), height=st.sampled_from([40, 60, 97]))
def test_the_columns_of_a_strip_lead_back_to_the_ink(gaps: list[int], before: int, height: int) -> None:
    lefts = before + np.cumsum([0, *[gap + 12 for gap in gaps]])
    strip = to_strip(bars(*lefts.tolist(), height=height, width=12))
    assert (np.diff(strip.columns) >= 0).all()
    found, count = ndimage.label(strip.image.any(axis=0))
    assert count == len(lefts)
    for number, left in enumerate(lefts, 1):
        darkness = np.where(found == number, strip.image.sum(axis=0, dtype=int), 0)
        shown = strip.columns[darkness == darkness.max()]
        assert left - 0.5 <= shown.min() <= shown.max() <= left + 11.5


def test_a_number_too_wide_for_the_strip_is_squeezed() -> None:
    lefts = range(0, 1200, 12)
    strip = to_strip(bars(*lefts))
    assert not strip.image[:, [0, 1, 254, 255]].any()
    assert strip.image[2:26, [2, 253]].all()
    assert (strip.image[2:26] == strip.image[2]).all()
    assert strip.columns[[2, 253]] == pytest.approx([0, lefts[-1] + 5], abs=3)
    np.testing.assert_allclose(np.diff(strip.columns[3:253]), (lefts[-1] + 6) / 252)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_the_least_ink_makes_a_strip(shape: tuple[int, int]) -> None:
    strip = to_strip(np.full(shape, 9, np.uint8))
    assert strip.image.max() == 255
    assert not np.delete(strip.image, range(2, 26), axis=0).any()
    assert strip.columns.min() == 0
    assert strip.columns.max() == shape[1] - 1


def test_no_ink_is_told() -> None:
    with pytest.raises(InkError, match=r"^Expected a number with ink\. Received: none\."):
        to_strip(np.zeros((280, 840), np.uint8))


def test_a_frame_lies_in_the_middle_of_its_four_columns() -> None:
    strip = to_strip(np.full((48, 400), 255, np.uint8))
    for frame in (1, 20, 48):
        # In the strip its middle is column 4 frame + 1.5; two are margin, and each shows two columns of the ink.
        assert to_column(strip, frame) == pytest.approx(2 * (4 * frame + 1.5 - 2) + 0.5)
    assert to_column(strip, FRAMES - 1) == 399
