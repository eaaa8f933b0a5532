from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets.synthetic.composing import SPACED, ImageWriter, Number, PenWriter, compose
from digitrec.datasets.synthetic.composing import Settings as Way
from digitrec.ink.drawings import Drawing, Stroke, render
from digitrec.reading.numbers.assignment import assign_ink, leave_out_specks
from digitrec.reading.numbers.components import SPECK
from digitrec.reading.numbers.segmentation import Piece
from tests.touching import TOUCHING

Ink = NDArray[np.uint8]
Hands = tuple[PenWriter, ...] | tuple[ImageWriter, ...]


def middles_of(number: Number) -> list[float]:
    return [(left + right) / 2 for left, _, right, _ in number.boxes]


def owners(pieces: Sequence[Piece], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Whose each pixel is; -1 where it is nobody's. None may be two pieces'."""
    owner = np.full(shape, -1)
    for number, piece in enumerate(pieces):
        part = owner[piece.top : piece.bottom, piece.left : piece.right]
        assert (part[piece.ink > 0] == -1).all()
        part[piece.ink > 0] = number
    return owner


def all_ink(pieces: Sequence[Piece], shape: tuple[int, ...]) -> Ink:
    canvas = np.zeros(shape, np.uint8)
    for piece in pieces:
        canvas[piece.top : piece.bottom, piece.left : piece.right] += piece.ink
    return canvas


def is_tight(piece: Piece) -> bool:
    return all(side.any() for side in (piece.ink[0], piece.ink[-1], piece.ink[:, 0], piece.ink[:, -1]))


def compose_in_order(hands: Hands, n: int, asked: Way, seed: int) -> list[Number]:
    """Those whose middles are in the order of their digits, as they nearly always are."""
    return [number for number in compose(hands, n, asked, seed) if middles_of(number) == sorted(middles_of(number))]


def share_right(number: Number, pieces: Sequence[Piece]) -> float:
    """Of each digit's own ink, how much is in its piece."""
    owner, right, ink = owners(pieces, number.ink.shape), 0, 0
    for place, (glyph, (left, top, right_side, bottom)) in enumerate(zip(number.glyphs, number.boxes, strict=True)):
        own = owner[top:bottom, left:right_side][glyph >= 64]
        right, ink = right + int((own == place).sum()), ink + own.size
    return right / ink


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), off=st.floats(0, 0.25), is_pen=st.booleans(), is_touching=st.booleans())
def test_every_pixel_is_in_one_piece_and_each_middle_has_one(
    *, seed: int, off: float, is_pen: bool, is_touching: bool, pens: Hands, images: Hands
) -> None:
    number = next(compose(pens if is_pen else images, 1, TOUCHING if is_touching else SPACED, seed))
    widths = [right - left for left, _, right, _ in number.boxes]
    moved = np.random.default_rng(seed).uniform(-off, off, len(widths)) * widths
    middles = np.sort(middles_of(number) + moved)
    before = number.ink.copy()
    for strokes in (None, number.strokes):
        pieces = assign_ink(number.ink, middles.tolist(), strokes)
        assert len(pieces) == len(middles)
        assert owners(pieces, number.ink.shape).max() == len(middles) - 1
        np.testing.assert_array_equal(all_ink(pieces, number.ink.shape), before)
        assert all(is_tight(piece) for piece in pieces)
        centres = [np.average(np.arange(piece.left, piece.right), weights=piece.ink.sum(axis=0)) for piece in pieces]
        assert centres == sorted(centres)
    np.testing.assert_array_equal(number.ink, before)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    is_pen=st.booleans(),
    gap=st.integers(20, 200),
    digits=st.tuples(*[st.integers(1, 3)] * 2),
)
def test_a_wide_gap_always_separates(
    *, seed: int, is_pen: bool, gap: int, digits: tuple[int, int], pens: Hands, images: Hands
) -> None:
    """However far off the middles are, as long as they are on the right sides of it."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((280, 840), np.uint8)
    middles: list[float] = []
    ends: list[int] = []
    start = 10
    for length in digits:
        number = next(compose(pens if is_pen else images, 1, Way((length, length), (-0.04, 0), (80, 80)), seed))
        columns = np.flatnonzero(number.ink.any(axis=0))
        own = leave_out_specks(number.ink[:, columns[0] : columns[-1] + 1])[0]
        ink[:, start : start + own.shape[1]] = own
        # Apart enough for each to be given some ink.
        middles += list(start + (np.arange(length) + rng.uniform(0.2, 0.8, length)) * own.shape[1] / length)
        ends.append(start + own.shape[1])
        start = ends[-1] + gap
    for place, piece in enumerate(assign_ink(ink, middles)):
        assert (piece.right <= ends[0]) if place < digits[0] else (piece.left >= ends[0] + gap)


def test_ink_that_no_middle_lies_in_goes_with_the_nearest_digit() -> None:
    ink = np.zeros((100, 400), np.uint8)
    for left in (20, 60, 150, 300):
        ink[10:90, left : left + 10] = 255
    first, second = assign_ink(ink, [22, 306])
    assert (first.left, first.right) == (20, 160)
    assert (second.left, second.right) == (300, 310)
    first, second = assign_ink(ink, [22, 155])
    assert (first.left, first.right) == (20, 70)
    assert (second.left, second.right) == (150, 310)


def test_spaced_numbers_are_divided_as_they_were_composed(pens: Hands, images: Hands) -> None:
    for hands in (pens, images):
        shares = [share_right(n, assign_ink(n.ink, middles_of(n))) for n in compose_in_order(hands, 25, SPACED, 3)]
        assert np.mean(shares) > 0.995


def test_touching_numbers_are_divided_mostly_as_they_were_composed(pens: Hands, images: Hands) -> None:
    for hands, least in ((pens, 0.88), (images, 0.91)):
        numbers = compose_in_order(hands, 60, TOUCHING, 3)
        shares = [share_right(number, assign_ink(number.ink, middles_of(number))) for number in numbers]
        assert np.mean(shares) > least
        upright = [share_right(number, cut_upright(number)) for number in numbers]
        assert np.mean(shares) > np.mean(upright)
        assert (np.array(shares) > 0.97).sum() > 2 * (np.array(upright) > 0.97).sum()


def cut_upright(number: Number) -> list[Piece]:
    """Each pixel to the nearest middle: what one would do without looking at the ink."""
    middles = np.array(middles_of(number))
    nearest = np.abs(np.arange(number.ink.shape[1])[:, None] - middles).argmin(axis=1)
    return [Piece(0, 0, np.where(nearest == place, number.ink, 0)) for place in range(len(middles))]


def test_known_strokes_are_kept_whole(pens: Hands) -> None:
    shares, whole, whole_without = [], [], []
    for number in compose_in_order(pens, 40, TOUCHING, 3):
        middles = middles_of(number)
        with_strokes, without = assign_ink(number.ink, middles, number.strokes), assign_ink(number.ink, middles)
        shares.append(share_right(number, with_strokes))
        whole += [is_whole(stroke, with_strokes, number.ink.shape) for stroke in number.strokes]
        whole_without += [is_whole(stroke, without, number.ink.shape) for stroke in number.strokes]
    assert np.mean(shares) > 0.96
    assert np.mean(whole) > 0.98
    assert np.mean(whole_without) < 0.8


def is_whole(stroke: NDArray[np.float32], pieces: Sequence[Piece], shape: tuple[int, ...]) -> bool:
    """Whether nearly all places that the pen went through are in one piece."""
    x, y = stroke.astype(int).T
    owner = owners(pieces, shape)[y, x]
    return bool(np.bincount(owner[owner >= 0]).max() > 0.9 * len(owner))


def line(*points: tuple[float, float]) -> Stroke:
    return Stroke(np.array(points, np.float32), 10)


def test_the_order_of_strokes_does_not_matter_and_empty_ones_are_nothing(pens: Hands) -> None:
    rng = np.random.default_rng(0)
    for number in compose_in_order(pens, 8, TOUCHING, 5):
        shuffled = [number.strokes[k] for k in rng.permutation(len(number.strokes))]
        first = owners(assign_ink(number.ink, middles_of(number), number.strokes), number.ink.shape)
        for strokes in (shuffled, [*number.strokes, np.empty((0, 2), np.float32)]):
            again = owners(assign_ink(number.ink, middles_of(number), strokes), number.ink.shape)
            assert (again == first).mean() > 0.9999  # where two strokes are equally near, either may have it


def test_a_stroke_over_another_digit_stays_with_its_own() -> None:
    """A 7 whose bar lies over a 1: ink alone does not tell whose it is."""
    seven, one = line((40, 60), (150, 60), (80, 200)), line((140, 64), (140, 200))
    ink = render(Drawing((seven, one)))
    first, second = assign_ink(ink, [90, 140], [seven.points, one.points])
    assert (first.left, first.right) == pytest.approx((35, 155), abs=6)
    assert (second.left, second.right) == pytest.approx((135, 145), abs=6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), down=st.integers(0, 60), right=st.integers(0, 60))
def test_where_the_number_stands_does_not_matter(seed: int, down: int, right: int, pens: Hands) -> None:
    number = next(compose(pens, 1, TOUCHING, seed))
    middles = np.sort(middles_of(number))
    moved = np.pad(number.ink, [(down, 5), (right, 9)])
    strokes = [stroke + np.array([right, down], np.float32) for stroke in number.strokes]
    for here, there in zip(
        (assign_ink(number.ink, middles.tolist()), assign_ink(number.ink, middles.tolist(), number.strokes)),
        (assign_ink(moved, (middles + right).tolist()), assign_ink(moved, (middles + right).tolist(), strokes)),
        strict=True,
    ):
        for one, other in zip(here, there, strict=True):
            assert (other.left, other.top) == (one.left + right, one.top + down)
            np.testing.assert_array_equal(other.ink, one.ink)


def test_one_middle_has_all_ink(images: Hands) -> None:
    for number in compose(images, 5, SPACED, 1):
        (piece,) = assign_ink(number.ink, [0])
        rows, columns = np.flatnonzero(number.ink.any(axis=1)), np.flatnonzero(number.ink.any(axis=0))
        assert (piece.left, piece.top, piece.right, piece.bottom) == (
            columns[0],
            rows[0],
            columns[-1] + 1,
            rows[-1] + 1,
        )


def test_a_bar_is_divided_between_its_middles() -> None:
    ink = np.zeros((120, 300), np.uint8)
    ink[50:70, 20:280] = 255
    pieces = assign_ink(ink, [60, 150, 240])
    assert 60 <= pieces[1].left <= 150 <= pieces[2].left <= 240
    assert all(one.right == other.left for one, other in pairwise(pieces))


def test_a_digit_within_the_reach_of_another_stays_whole() -> None:
    """No path from top to bottom parts a C from a bar in its mouth."""
    ink = np.zeros((200, 120), np.uint8)
    ink[20:180, 20:30] = ink[20:30, 20:72] = ink[170:180, 20:72] = 255
    own = ink.copy()
    ink[36:164, 60:70] = 255
    first, second = assign_ink(ink, [25, 65])
    np.testing.assert_array_equal(first.ink, own[20:180, 20:72])
    assert (second.left, second.top, *second.ink.shape) == (60, 36, 128, 10)


def test_what_every_path_crosses_too_often_is_cut_upright_in_the_middle() -> None:
    ink = np.zeros((200, 300), np.uint8)
    ink[20:180, 20:24] = ink[20:180, 276:280] = 255
    for top in range(20, 180, 16):
        ink[top : top + 4, 20:280] = 255
    first, second = assign_ink(ink, [60, 220])
    assert first.right == second.left == pytest.approx(140, abs=3)


def test_specks_go_with_the_nearest_middle() -> None:
    ink = np.zeros((200, 400), np.uint8)
    ink[20:180, 50:60] = ink[20:180, 300:310] = 255
    ink[100:104, 150:154] = ink[100:104, 220:224] = 255
    first, second = assign_ink(ink, [55, 305])
    assert (first.left, first.right) == (50, 154)
    assert (second.left, second.right) == (220, 310)


def test_specks_far_from_everything_are_left_out() -> None:
    ink = np.zeros((280, 840), np.uint8)
    ink[60:220, 100:115] = ink[60:220, 300:315] = 255
    side = int(SPECK * 160) - 4
    dotted = ink.copy()
    dotted[90 : 90 + side, 200 : 200 + side] = 99
    dotted[200 : 200 + side, 500 : 500 + side] = 180
    before = dotted.copy()
    clean, specks = leave_out_specks(dotted)
    np.testing.assert_array_equal(clean, ink)
    np.testing.assert_array_equal(dotted, before)
    assert sorted((one.left, one.top, *one.ink.shape) for one in specks) == [
        (200, 90, side, side),
        (500, 200, side, side),
    ]
    assert sorted(int(one.ink.max()) for one in specks) == [99, 180]
    np.testing.assert_array_equal(clean + all_ink(specks, ink.shape), before)


def test_what_is_near_or_large_or_all_there_is_is_no_speck() -> None:
    bar = np.zeros((280, 840), np.uint8)
    bar[60:220, 100:115] = 255
    near, large, alone = bar.copy(), bar.copy(), np.zeros_like(bar)
    near[90:100, 122:132] = 255
    large[90:130, 300:305] = 255
    alone[90:93, 300:303] = 255
    for ink in (near, large, alone):
        clean, specks = leave_out_specks(ink)
        np.testing.assert_array_equal(clean, ink)
        assert specks == ()


def test_nothing_has_no_specks() -> None:
    ink = np.zeros((28, 28), np.uint8)
    clean, specks = leave_out_specks(ink)
    assert not clean.any()
    assert specks == ()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 12))
def test_leaving_out_specks_loses_no_ink(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    ink = np.zeros((120, 300), np.uint8)
    for _ in range(n):
        top, left = (int(rng.integers(length)) for length in ink.shape)
        high, wide = rng.choice([1, 3, 8, 30, 80], 2)
        ink[top : top + high, left : left + wide] = rng.choice([1, 40, 200, 255])
    before = ink.copy()
    clean, specks = leave_out_specks(ink)
    owner = owners(specks, ink.shape)
    assert not clean[owner >= 0].any()
    np.testing.assert_array_equal(clean + all_ink(specks, ink.shape), before)
    np.testing.assert_array_equal(ink, before)
    assert clean.any() == ink.any()


@pytest.mark.parametrize("middles", [[5, 5.4], [20, 30], [0, 2], [5, 5, 5], [-4, 90]])
@pytest.mark.parametrize("width", [1, 2, 10])
def test_digits_for_which_no_ink_is_left_get_none(middles: list[float], width: int) -> None:
    ink = np.zeros((60, 60), np.uint8)
    ink[10:50, 5 : 5 + width] = 255
    pieces = assign_ink(ink, middles)
    assert len(pieces) == len(middles)
    assert sum(int((piece.ink > 0).sum()) for piece in pieces if piece is not None) == 40 * width
