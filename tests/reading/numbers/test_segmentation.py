from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.composing import (
    SPACED,
    ImageWriter,
    Number,
    PenWriter,
    Settings,
    compose,
)
from digitrec.errors import InkError
from digitrec.ink.drawings import CANVAS, Drawing, Stroke, place_strokes, render
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.classifier import Classifier
from digitrec.reading.numbers.best_path import FLOOR, GAP, LINKED, LOW, LOW_BELOW, READ, _best_path, score
from digitrec.reading.numbers.components import SPECK, reduce_ink
from digitrec.reading.numbers.cuts import DEAREST, SIDEWAYS, _cheapest, _seams
from digitrec.reading.numbers.edits import join_digits, split_digit
from digitrec.reading.numbers.segmentation import FoundDigit, NumberReading, Piece, read_number
from tests.touching import TOUCHING

Ink = NDArray[np.uint8]


def all_ink(reading: NumberReading, shape: tuple[int, int]) -> Ink:
    """The pieces laid back on an empty canvas; no pixel may lie in two."""
    canvas = np.zeros(shape, np.uint8)
    for piece in (*reading.digits, *reading.left_out):
        part = canvas[piece.top : piece.bottom, piece.left : piece.right]
        assert not part[piece.ink > 0].any()
        part += piece.ink
    return canvas


def is_tight(piece: Piece) -> bool:
    return all(side.any() for side in (piece.ink[0], piece.ink[-1], piece.ink[:, 0], piece.ink[:, -1]))


@st.composite
def inks(draw: st.DrawFn) -> Ink:
    """Boxes, lines, dots and faint smears anywhere on a small canvas."""
    ink = np.zeros((draw(st.integers(1, 90)), draw(st.integers(1, 260))), np.uint8)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(0, 9))):
        top, left = (int(rng.integers(length)) for length in ink.shape)
        high, wide = rng.choice([1, 3, 8, 30, 80], 2)
        ink[top : top + high, left : left + wide] = rng.choice([1, 40, 200, 255])
    for _ in range(draw(st.integers(0, 4))):
        height, width = ink.shape
        stroke = rng.uniform(-0.1, 1.1, (3, 2)) * (width, height)
        side = max(ink.shape)
        drawn = render(Drawing((Stroke((stroke * CANVAS / side).astype(np.float32), 5.0),)), side, 1)
        ink = np.maximum(ink, drawn[:height, :width])
    return ink


@settings(max_examples=40, deadline=None)
@given(ink=inks())
def test_every_pixel_of_any_ink_is_in_one_piece(ink: Ink, classifier: Classifier) -> None:
    before = ink.copy()
    reading = read_number(ink, classifier.predict_proba)
    np.testing.assert_array_equal(all_ink(reading, ink.shape), ink)
    np.testing.assert_array_equal(ink, before)
    assert bool(reading.digits) == ink.any()
    assert len(reading.text) == len(reading.digits)
    assert all(is_tight(piece) for piece in (*reading.digits, *reading.left_out))
    middles = [digit.left + digit.right for digit in reading.digits]
    assert middles == sorted(middles)
    for digit in reading.digits:
        np.testing.assert_array_equal(digit.image, preprocess(digit.ink).image)


@settings(max_examples=14, deadline=None)
@given(seed=st.integers(0, 2**32), is_pen=st.booleans(), is_touching=st.booleans(), knows_strokes=st.booleans())
def test_every_pixel_of_a_number_is_in_one_piece(
    *,
    seed: int,
    is_pen: bool,
    is_touching: bool,
    knows_strokes: bool,
    pens: tuple[PenWriter, ...],
    images: tuple[ImageWriter, ...],
    classifier: Classifier,
) -> None:
    number = next(compose(pens if is_pen else images, 1, TOUCHING if is_touching else SPACED, seed))
    reading = read_number(number.ink, classifier.predict_proba, number.strokes if knows_strokes else None)
    np.testing.assert_array_equal(all_ink(reading, number.ink.shape), number.ink)
    middles = [digit.left + digit.right for digit in reading.digits]
    assert middles == sorted(middles)
    answers = classifier.predict_proba(np.stack([digit.image for digit in reading.digits]))
    np.testing.assert_allclose([digit.probabilities for digit in reading.digits], answers, atol=1e-5)
    assert reading.text == "".join(str(one) for one in answers.argmax(axis=1))


@settings(max_examples=12, deadline=None)
@given(left=inks(), right=inks())
def test_a_wide_gap_always_separates(left: Ink, right: Ink, classifier: Classifier) -> None:
    high = max(len(left), len(right))
    gap = np.zeros((high, int(LINKED * high) + 5), np.uint8)  # reducing may lose a few of its columns
    parts = [np.pad(part, [(0, high - len(part)), (0, 0)]) for part in (left, right)]
    ink = np.concatenate([parts[0], gap, parts[1]], axis=1)
    reading = read_number(ink, classifier.predict_proba)
    start, end = parts[0].shape[1], parts[0].shape[1] + gap.shape[1]
    for digit in reading.digits:
        assert digit.right <= start or digit.left >= end


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), is_pen=st.booleans(), knows_strokes=st.booleans())
def test_one_digit_is_read_as_it_is_alone(
    *,
    seed: int,
    is_pen: bool,
    knows_strokes: bool,
    pens: tuple[PenWriter, ...],
    images: tuple[ImageWriter, ...],
    classifier: Classifier,
) -> None:
    number = next(compose(pens if is_pen else images, 1, replace(SPACED, length=(1, 1)), seed))
    alone = classifier.read(number.ink)
    reading = read_number(number.ink, classifier.predict_proba, number.strokes if knows_strokes else None)
    if reading.left_out or alone.confidence < 0.95:  # what looks like no digit may be taken for several
        return
    assert len(reading.digits) == 1
    np.testing.assert_array_equal(reading.digits[0].image, alone.preprocessed.image)
    np.testing.assert_array_equal(reading.digits[0].probabilities, alone.probabilities)


@pytest.mark.parametrize("shape", [(1, 1), (280, 840), (280, 840, 4)])
def test_nothing_is_an_empty_reading(shape: tuple[int, ...]) -> None:
    def read(_images: Ink) -> NDArray[np.float32]:
        raise AssertionError

    for strokes in (None, [], [np.array([[3, 4]])]):
        reading = read_number(np.zeros(shape, np.uint8), read, strokes)
        assert (reading.digits, reading.left_out, reading.text) == ((), (), "")


@pytest.mark.parametrize(
    "canvas", [np.zeros((28, 28)), np.zeros((0, 5), np.uint8), np.zeros((3, 3, 3), np.uint8), np.zeros(9, np.uint8)]
)
def test_what_is_no_picture_is_told(canvas: Ink, classifier: Classifier) -> None:
    with pytest.raises(InkError, match=r"^Expected a picture as a non-empty array of uint8.* Received: shape"):
        read_number(canvas, classifier.predict_proba)


def share_right(
    hands: tuple[PenWriter, ...] | tuple[ImageWriter, ...], n: int, asked: Settings, read: Callable[..., str]
) -> float:
    return float(np.mean([read(number) == number.text for number in compose(hands, n, asked, seed=3)]))


def test_spaced_numbers_are_read(
    pens: tuple[PenWriter, ...], images: tuple[ImageWriter, ...], classifier: Classifier
) -> None:
    def read(number: Number) -> str:
        return read_number(number.ink, classifier.predict_proba).text

    assert share_right(pens, 30, SPACED, read) >= 0.9
    assert share_right(images, 30, SPACED, read) >= 0.9


def test_touching_numbers_are_read_from_strokes_and_mostly_from_ink(
    pens: tuple[PenWriter, ...], images: tuple[ImageWriter, ...], classifier: Classifier
) -> None:
    def with_strokes(number: Number) -> str:
        return read_number(number.ink, classifier.predict_proba, number.strokes).text

    def without(number: Number) -> str:
        return read_number(number.ink, classifier.predict_proba).text

    assert share_right(pens, 25, TOUCHING, with_strokes) >= 0.88
    assert share_right(images, 20, TOUCHING, without) >= 0.6


def test_strokes_may_come_in_any_order(pens: tuple[PenWriter, ...], classifier: Classifier) -> None:
    rng = np.random.default_rng(0)
    for number in compose(pens, 10, TOUCHING, seed=8):
        shuffled = [number.strokes[k] for k in rng.permutation(len(number.strokes))]
        texts = [read_number(number.ink, classifier.predict_proba, s).text for s in (number.strokes, shuffled)]
        assert texts[0] == texts[1]


def test_digits_of_two_strokes_stay_whole(pen_digits: tuple[PenDigit, ...], classifier: Classifier) -> None:
    several = [d for d in split_by_writer(pen_digits)[1] if len(d.strokes) > 1 and d.label in (4, 5, 7)][:100]
    whole = 0
    for digit in several:
        drawing = place_strokes(digit.strokes, 12, 180, (140, 140))
        whole += len(read_number(render(drawing, oversampling=1), classifier.predict_proba, drawing.paths).digits) == 1
    assert whole / len(several) >= 0.98


def line(*points: tuple[float, float]) -> Stroke:
    return Stroke(np.array(points, np.float32), 12)


def test_the_bar_of_a_5_may_lie_aside_and_the_cross_of_a_7_come_last(classifier: Classifier) -> None:
    five = line((30, 100), (28, 150), (60, 150), (75, 175), (60, 205), (25, 200))
    bar = line((44, 96), (88, 90))
    seven = line((150, 95), (205, 95), (180, 205))
    cross = line((158, 152), (212, 148))
    drawing = Drawing((five, bar, seven, cross))
    for paths in (drawing.paths, None):
        assert read_number(render(drawing), classifier.predict_proba, paths).text == "57"


def test_colours_do_not_matter(pens: tuple[PenWriter, ...], classifier: Classifier) -> None:
    number = next(compose(pens, 1))
    canvas = np.zeros((*number.ink.shape, 4), np.uint8)
    canvas[..., 3] = number.ink
    one, other = (read_number(ink, classifier.predict_proba) for ink in (number.ink, canvas))
    assert one.text == other.text
    for a, b in zip(one.digits, other.digits, strict=True):
        np.testing.assert_array_equal(a.ink, b.ink)


def test_specks_are_left_out_unless_they_are_near_or_all(classifier: Classifier) -> None:
    ink = render(Drawing((line((60, 60), (60, 220)), line((200, 60), (200, 220)))))
    side = int(SPECK * 160) - 4
    far, near = ink.copy(), ink.copy()
    far[100 : 100 + side, 120 : 120 + side] = 255
    near[100 : 100 + side, 72 : 72 + side] = 255
    reading = read_number(far, classifier.predict_proba)
    assert reading.text == "11"
    assert [(one.left, one.top, one.right, one.bottom) for one in reading.left_out] == [
        (120, 100, 120 + side, 100 + side)
    ]
    assert not read_number(near, classifier.predict_proba).left_out
    only = np.zeros_like(ink)
    only[100 : 100 + side, 120 : 120 + side] = 255
    assert len(read_number(only, classifier.predict_proba).digits) == 1


def test_faint_writing_beside_dark_is_not_lost(classifier: Classifier) -> None:
    ink = render(Drawing((line((60, 60), (60, 220)),)))
    ink = np.concatenate([ink, ink // 6], axis=1)
    assert read_number(ink, classifier.predict_proba).text == "11"


def test_a_faint_speck_far_away_is_left_out(classifier: Classifier) -> None:
    ink = render(Drawing((line((60, 60), (60, 220)),))).copy()
    ink[100:110, 200:210] = 40
    reading = read_number(ink, classifier.predict_proba)
    assert reading.text == "1"
    assert [one.left for one in reading.left_out] == [200]


def test_what_is_plain_is_not_cut() -> None:
    seen: list[int] = []

    def read(images: Ink) -> NDArray[np.float32]:
        seen.append(len(images))
        return sure(np.full(len(images), 0.95))

    ink = render(Drawing((line((40, 60), (60, 220)), line((140, 60), (140, 220)), line((200, 60), (220, 220)))))
    assert len(read_number(ink, read).digits) == 3
    assert seen == [3, 3]


def sure(confidence: NDArray[np.float64]) -> NDArray[np.float32]:
    """Answers that say 1 with such probabilities, and each other digit evenly."""
    answers = np.repeat((1 - confidence[:, None]) / 9, 10, axis=1).astype(np.float32)
    answers[:, 1] = confidence
    return answers


def test_a_piece_is_scored_by_its_answer_its_height_and_the_paper_in_it() -> None:
    ink = np.zeros((64, 60), np.uint8)
    ink[:, :8] = ink[32:, 20:28] = 255
    writing = reduce_ink(ink)
    tall, low = np.flatnonzero(writing.x < 8), np.flatnonzero(writing.x >= 20)
    pieces = [tall, low, np.concatenate([tall, low])]
    none, half, full = (score(writing, pieces, lambda x, p=p: sure(np.full(len(x), p))) for p in (0.1, 0.55, 1))
    assert full == pytest.approx([READ * np.log(1 + FLOOR), *_less(READ * np.log(1 + FLOOR))])
    assert half - full == pytest.approx(READ * np.log((0.5 + FLOOR) / (1 + FLOOR)), abs=1e-5)
    assert none - full == pytest.approx(READ * np.log(FLOOR / (1 + FLOOR)), abs=1e-3)


def _less(best: float) -> tuple[float, float]:
    """What is half as high, and what has 12 of 64 columns of paper in it."""
    return best - LOW * (LOW_BELOW - 0.5), best - GAP * 12 / 64


def test_the_order_is_left_to_right(pens: tuple[PenWriter, ...], classifier: Classifier) -> None:
    pair = next(n for n in compose(pens, 50, replace(SPACED, length=(2, 2))) if n.text[0] != n.text[1])
    middle = pair.boxes[1][0] - 5
    swapped = np.concatenate([pair.ink[:, middle:], pair.ink[:, :middle]], axis=1)
    assert read_number(pair.ink, classifier.predict_proba).text == pair.text
    assert read_number(swapped, classifier.predict_proba).text == pair.text[::-1]


def test_splitting_finds_what_was_two(pens: tuple[PenWriter, ...], classifier: Classifier) -> None:
    read, right, numbers = classifier.predict_proba, 0, list(compose(pens, 16, replace(TOUCHING, length=(2, 2)), 4))
    for number in numbers:
        found = [as_found(number.ink, classifier)]
        halves = split_digit(found[0], read)
        np.testing.assert_array_equal(all_ink(NumberReading(halves), number.ink.shape), number.ink)
        assert halves[0].left + halves[0].right <= halves[1].left + halves[1].right
        right += NumberReading(halves).text == number.text
        whole = join_digits(*halves, read)
        assert (whole.left, whole.top) == (found[0].left, found[0].top)
        np.testing.assert_array_equal(whole.ink, found[0].ink)
        np.testing.assert_array_equal(whole.image, found[0].image)
        np.testing.assert_allclose(whole.probabilities, found[0].probabilities, atol=1e-5)
    assert right / len(numbers) >= 0.7


def as_found(ink: Ink, classifier: Classifier) -> FoundDigit:
    step = preprocess(ink)
    assert step.box is not None
    assert step.cropped is not None
    assert step.image is not None
    return FoundDigit(
        step.box.left, step.box.top, step.cropped, step.image, classifier.predict_proba(step.image[None])[0]
    )


@settings(max_examples=15, deadline=None)
@given(ink=inks().filter(lambda ink: ink.any(axis=0).sum() > 10))
def test_whatever_is_wide_enough_can_be_split(ink: Ink, classifier: Classifier) -> None:
    halves = split_digit(as_found(ink, classifier), classifier.predict_proba)
    np.testing.assert_array_equal(all_ink(NumberReading(halves), ink.shape), ink)
    assert all(is_tight(half) for half in halves)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8), st.integers(1, 9))
def test_what_a_path_crosses_is_dijkstras(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    ink = (rng.random((height, width)) * (rng.random((height, width)) < 0.6)).astype(np.float32)
    prices, steps = _cheapest(ink)
    place = np.arange(height * width).reshape(height, width) + 1
    start, end, cost = [0] * width, place[0].tolist(), (ink[0] + 1).tolist()  # 1 more, as 0 would be no edge
    for row in range(1, height):
        for column in range(width):
            for before in range(max(0, column - 1), min(width, column + 2)):
                start.append(place[row - 1, before])
                end.append(place[row, column])
                cost.append(1 + ink[row, column] + SIDEWAYS * (before != column))
    graph = csr_array((cost, (start, end)), shape=(height * width + 1,) * 2)
    expected = dijkstra(graph, indices=0)[1:].reshape(height, width) - np.arange(1, height + 1)[:, None]
    np.testing.assert_allclose(prices, expected, atol=1e-5)
    for column in range(width):
        x, paid = column, 0.0
        for row in range(height - 1, -1, -1):
            paid += ink[row, x] + SIDEWAYS * abs(int(steps[row, x])) * (row > 0)
            x += steps[row, x]
        assert paid == pytest.approx(prices[-1, column], abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_seams_go_from_top_to_bottom_apart_and_not_too_dear(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ink = np.pad((ndimage.gaussian_filter(rng.random((30, 50)), 2) > 0.5).astype(np.float32), [(0, 0), (1, 1)])
    seams = _seams(ink, 6.0, 4.0)
    assert seams.shape[1] == 30
    assert (np.abs(np.diff(seams, axis=1)) <= 1).all()
    for seam in seams:
        assert ink[np.arange(30), seam].sum() <= 6
    for one, other in combinations(seams, 2):
        assert np.abs(one - other).mean() >= 4


def test_the_seam_between_two_touching_blocks_goes_through_the_neck() -> None:
    ink = np.zeros((30, 42), np.float32)
    ink[:, 1:20] = ink[:, 23:41] = 1
    ink[14:16, 20:23] = 1
    seams = _seams(ink, DEAREST * 2, 4.0)
    crossed = [ink[np.arange(30), seam].sum() for seam in seams]
    through = [seam for seam, cost in zip(seams, crossed, strict=True) if cost == 2]
    assert len(through) == 1
    assert 20 <= through[0][14] < 23


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 7))
def test_the_best_path_is_the_best_of_all(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    edges = [pair for pair in combinations(range(count), 2) if pair[1] == pair[0] + 1 or rng.random() < 0.6]
    scores = rng.normal(0, 2, len(edges))
    known = dict(zip(edges, scores, strict=True))
    totals = {}
    for k in range(count - 1):
        for inner in combinations(range(1, count - 1), k):
            path = (0, *inner, count - 1)
            if all(step in known for step in pairwise(path)):
                totals[path] = sum(known[step] for step in pairwise(path))
    assert tuple(_best_path(edges, scores, count)) == max(totals, key=lambda path: totals[path])
