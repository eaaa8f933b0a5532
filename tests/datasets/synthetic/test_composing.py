from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from digitrec.datasets import Dataset, Split, load_dataset
from digitrec.datasets.sources.pen import PenDigit
from digitrec.datasets.synthetic.composing import (
    HEIGHT,
    MARGIN,
    SPACED,
    WIDTH,
    ImageWriter,
    Look,
    Number,
    PenWriter,
    Settings,
    compose,
    image_writers,
    pen_writers,
)
from digitrec.errors import InkError
from digitrec.ink.preprocessing import find_box, preprocess
from digitrec.networks.classifier import Classifier
from tests.touching import TOUCHING, find_touching

STEADY = Settings(pen=(0.1, 0.1), slant=0, size=0, baseline=0)


def block(height: int = 20, width: int = 10) -> NDArray[np.uint8]:
    image = np.zeros((28, 28), np.uint8)
    image[4 : 4 + height, 4 : 4 + width] = 255
    return image


def blocks(labels: tuple[int, ...] = (7,)) -> ImageWriter:
    return ImageWriter(np.repeat(block()[None], len(labels), axis=0), np.array(labels, np.uint8))


def stick(writer: int, label: int = 1) -> PenDigit:
    return PenDigit((np.array([[0, 0], [0, 100]], np.float32),), label, writer)


def same(one: Number, other: Number) -> bool:
    return (
        np.array_equal(one.ink, other.ink)
        and (one.text, one.boxes, find_touching(one)) == (other.text, other.boxes, find_touching(other))
        and all(np.array_equal(a, b) for a, b in zip(one.strokes, other.strokes, strict=True))
    )


@pytest.fixture(scope="module")
def pens(pen_digits: tuple[PenDigit, ...]) -> tuple[PenWriter, ...]:
    return pen_writers(pen_digits[:600])


@pytest.fixture(scope="module")
def images(mnist: Dataset) -> tuple[ImageWriter, ...]:
    first = mnist.test
    assert first.writers is not None
    return image_writers(Split(first.images[:800], first.labels[:800], first.writers[:800]))


def test_the_same_seed_writes_the_same_and_more_change_nothing(
    pens: tuple[PenWriter, ...], images: tuple[ImageWriter, ...]
) -> None:
    for hands in (pens, images):
        few, many, others = (list(compose(hands, n, seed=seed)) for n, seed in ((2, 5), (4, 5), (2, 6)))
        assert all(same(one, other) for one, other in zip(few, many, strict=False))
        assert not any(same(one, other) for one, other in zip(few, others, strict=True))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 8), is_pen=st.booleans(), is_tight=st.booleans())
def test_a_number_lies_on_the_canvas_and_its_boxes_hold_its_ink(
    *,
    seed: int,
    length: int,
    is_pen: bool,
    is_tight: bool,
    pens: tuple[PenWriter, ...],
    images: tuple[ImageWriter, ...],
) -> None:
    asked = replace(TOUCHING if is_tight else SPACED, length=(length, length))
    number = next(compose(pens if is_pen else images, 1, asked, seed))
    assert (number.ink.shape, number.ink.dtype) == ((HEIGHT, WIDTH), np.uint8)
    assert len(number.text) == len(number.boxes) == len(find_touching(number)) + 1 == length
    outside = number.ink.copy()
    for left, top, right, bottom in number.boxes:
        assert MARGIN <= left < right <= WIDTH - MARGIN
        assert MARGIN <= top < bottom <= HEIGHT - MARGIN
        box = number.ink[top:bottom, left:right]
        assert box[0].any()
        assert box[-1].any()
        assert box[:, 0].any()
        assert box[:, -1].any()
        outside[top:bottom, left:right] = 0
    assert not outside.any()
    centres = [left + right for left, _, right, _ in number.boxes]
    assert is_tight or centres == sorted(centres)
    assert bool(number.strokes) == is_pen


def test_a_single_digits_box_is_its_inks(pens: tuple[PenWriter, ...]) -> None:
    for number in compose(pens, 5, replace(SPACED, length=(1, 1))):
        assert find_box(number.ink) == number.boxes[0]


@pytest.mark.parametrize("gap", [0.3, 0.05, -0.05, -0.3])
def test_a_gap_is_measured_between_the_inks(gap: float) -> None:
    asked = replace(STEADY, gap=(gap, gap), height=(100, 100), length=(3, 3))
    number = next(compose([blocks()], 1, asked))
    assert number.text == "777"
    for before, after in pairwise(number.boxes):
        # The soft edges of a box are fainter than what counts as ink.
        assert after[0] - before[2] == pytest.approx(100 * gap, abs=3)
    assert find_touching(number) == (gap < 0,) * 2


def test_who_reaches_over_another_does_not_touch() -> None:
    corner = np.zeros((28, 28), np.uint8)
    corner[4:8, 4:24] = 255
    corner[4:24, 4:8] = 255
    low = np.zeros((28, 28), np.uint8)
    low[4:24, 20:24] = 255
    low[20:24, 4:24] = 255
    hand = ImageWriter(np.stack([corner, low]), np.array([7, 4], np.uint8))
    asked = replace(STEADY, gap=(0.2, 0.2), height=(100, 100), length=(2, 2))
    number = next(n for n in compose([hand], 40, asked) if n.text == "74")
    assert find_touching(number) == (False,)
    assert number.boxes[1][0] < number.boxes[0][2]


def test_touching_is_a_shared_component(pens: tuple[PenWriter, ...]) -> None:
    for seed, asked in enumerate((SPACED, TOUCHING)):
        for number in compose(pens, 4, replace(asked, length=(2, 2)), seed):
            reached = flood(number.ink >= 64, number.boxes[0])
            left, top, right, bottom = number.boxes[1]
            # The right half of the second digit is no other's.
            is_second = reached[top:bottom, (left + right) // 2 : right].any()
            assert find_touching(number) == (is_second,)
            assert find_touching(number) == (asked is TOUCHING,)


def flood(is_ink: NDArray[np.bool_], box: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """All that hangs together with the ink in the left half of a box, pixel by pixel."""
    left, top, right, bottom = box
    reached = np.zeros_like(is_ink)
    rows, columns = np.nonzero(is_ink[top:bottom, left : (left + right) // 2])
    waiting = list(zip((rows + top).tolist(), (columns + left).tolist(), strict=True))
    while waiting:
        y, x = waiting.pop()
        if is_ink[y, x] and not reached[y, x]:
            reached[y, x] = True
            waiting += [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return reached


def test_strokes_lie_in_the_middle_of_the_ink(pens: tuple[PenWriter, ...]) -> None:
    asked = replace(STEADY, height=(100, 100), length=(3, 3))
    for number in compose(pens, 4, asked, 2):
        pen = 0.1 * 100
        points = np.concatenate([between(stroke) for stroke in number.strokes])
        y, x = np.nonzero(number.ink >= 128)
        distance = cKDTree(points).query(np.stack([x, y], axis=1) + 0.5)[0]
        assert distance.max() <= pen / 2 + 1.5
        on = points.astype(int)
        assert (number.ink[on[:, 1], on[:, 0]] == 255).mean() > 0.99


def between(stroke: NDArray[np.float32]) -> NDArray[np.float64]:
    steps = np.linspace(0, 1, 20)[:, None]
    return np.concatenate([stroke[:1], *[a + (b - a) * steps for a, b in pairwise(stroke)]])


def test_a_number_is_by_one_hand() -> None:
    hands = pen_writers([*[stick(3, label) for label in (0, 1)], *[stick(8, label) for label in (5, 6)]])
    assert [hand.labels for hand in hands] == [(0, 1), (5, 6)]
    texts = [set(number.text) for number in compose(hands, 20)]
    assert all(text <= set("01") or text <= set("56") for text in texts)
    assert set.union(*texts) == set("0156")


def test_images_are_parted_by_writer_where_it_is_known() -> None:
    stack, labels = np.repeat(block()[None], 3, axis=0), np.array([1, 2, 3], np.uint8)
    assert [hand.labels for hand in image_writers(Split(stack, labels))] == [(1, 2, 3)]
    known = Split(stack.copy(), labels.copy(), np.array([7, 4, 7], np.int32))
    assert [hand.labels for hand in image_writers(known)] == [(2,), (1, 3)]


@pytest.mark.parametrize("hand", [blocks((1,)), PenWriter([stick(1)])], ids=["image", "pen"])
@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3])
def test_a_look_is_what_is_drawn(hand: ImageWriter | PenWriter, slant: float) -> None:
    rng = np.random.default_rng(0)
    ink = hand.draw(1, Look(120, 0.1, slant), rng).ink.astype(float)
    assert len(ink) == pytest.approx(120, abs=5)  # a thick pen makes an image a little larger
    middles = ink[20:100] @ np.arange(ink.shape[1]) / ink[20:100].sum(axis=1)
    assert np.polyfit(np.arange(80), middles, 1)[0] == pytest.approx(-slant, abs=0.02)
    thick = hand.draw(1, Look(120, 0.14, slant), rng).ink.astype(float)
    assert thick.sum() > 1.02 * ink.sum()


def test_a_pen_is_as_wide_as_told() -> None:
    ink = PenWriter([stick(1)]).draw(1, Look(100, 0.12, 0), np.random.default_rng(0)).ink
    assert ink[30:70].sum(axis=1) / 255 == pytest.approx(12, abs=1)


def test_without_variation_all_stand_on_a_line_at_one_height() -> None:
    number = next(compose([blocks()], 1, replace(STEADY, length=(5, 5))))
    assert len({(top, bottom, right - left) for left, top, right, bottom in number.boxes}) == 1
    sized = next(compose([blocks()], 1, replace(STEADY, length=(5, 5), size=0.1)))
    assert len({bottom for *_, bottom in sized.boxes}) == 1
    assert len({top for _, top, *_ in sized.boxes}) > 2
    moved = next(compose([blocks()], 1, replace(STEADY, length=(5, 5), baseline=0.1)))
    assert len({bottom - top for _, top, _, bottom in moved.boxes}) == 1
    assert len({bottom for *_, bottom in moved.boxes}) > 2


def test_enlarged_images_are_read_as_before(mnist: Dataset, classifier: Classifier) -> None:
    rng, few = np.random.default_rng(0), mnist.test.images[:150]
    plain = classifier.predict_proba(few).argmax(axis=1)
    drawn = [ImageWriter(one[None], np.zeros(1)).draw(0, Look(120, 0.1, 0), rng).ink for one in few]
    again = classifier.predict_proba(np.stack([preprocess(ink).image for ink in drawn])).argmax(axis=1)
    assert (again == plain).mean() >= 0.98
    solid = [np.mean((ink > 25) & (ink < 230)) for ink in drawn]
    assert np.mean(solid) < 0.12


@pytest.mark.parametrize("length", [(0, 3), (3, 2), (2, 9)])
def test_lengths_that_no_number_has_are_told(length: tuple[int, int]) -> None:
    with pytest.raises(
        InkError, match=r"^Expected at least one writer and numbers of 1 to 8 digits\. Received: 1 writers"
    ):
        compose([blocks()], 1, Settings(length=length))


def test_nobody_to_write_is_told() -> None:
    with pytest.raises(InkError, match=r"Received: 0 writers"):
        compose([], 1)


def test_an_image_without_ink_is_told() -> None:
    hand = ImageWriter(np.zeros((1, 28, 28), np.uint8), np.array([3], np.uint8))
    with pytest.raises(InkError, match=r"^Expected images with ink\. Received: a blank image labelled 3"):
        next(compose([hand], 1))


def test_a_crop_is_the_ink_with_a_little_paper_around_it() -> None:
    for number in compose(image_writers(load_dataset("uci").test), 5, SPACED, seed=2):
        whole, tight = number.crop(1000), number.crop(0)
        np.testing.assert_array_equal(whole, number.ink)
        assert tight.sum(dtype=int) == number.ink.sum(dtype=int)
        assert tight[:, [0, -1]].any(axis=0).all()
        assert tight[[0, -1]].any(axis=1).all()
        assert number.crop(3).shape[0] <= tight.shape[0] + 6
