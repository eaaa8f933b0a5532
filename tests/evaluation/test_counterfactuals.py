import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets import load_dataset
from digitrec.errors import InkError
from digitrec.evaluation.counterfactuals import KINDS, Change, smallest_change, smallest_pixels
from digitrec.evaluation.robustness import corrupt
from digitrec.networks.classifier import Classifier

Images = NDArray[np.uint8]
Shares = NDArray[np.float32]
Read = Callable[[Images], Shares]


def answer(right: int, share: NDArray[np.float64], other: int) -> Shares:
    answers = np.zeros((len(share), 10), np.float32)
    answers[:, right], answers[:, other] = share, 1 - share
    return answers


def leans_left(images: Images) -> Shares:
    """Says 1 where the ink's centre of mass is left of column 13.5, 7 elsewhere, the surer the farther it is."""
    mass = images.sum(axis=(1, 2), dtype=np.float64)
    column = images.sum(axis=1, dtype=np.float64) @ np.arange(28) / np.maximum(mass, 1)
    return answer(1, 1 / (1 + np.exp(column - 13.5)), 7)


def has_more_ink_than(amount: float) -> Read:
    return lambda images: answer(1, 1 / (1 + np.exp((amount - images.sum(axis=(1, 2), dtype=np.float64)) / 1e4)), 7)


def block(row: int, column: int, half: int = 1) -> Images:
    image = np.zeros((28, 28), np.uint8)
    image[row - half : row + half + 1, column - half : column + half + 1] = 255
    return image


def find(name: str, changes: tuple[Change | None, ...]) -> Change | None:
    return changes[[kind.name for kind in KINDS].index(name)]


@pytest.mark.parametrize(("column", "expected"), [(14, 1), (15, 2), (17, 4)])
def test_the_smallest_shift_is_the_one_that_it_takes(column: int, expected: int) -> None:
    image = block(14, column)
    change = find("shifted", smallest_change(leans_left, image, 1))
    assert change
    assert (change.amount, change.parts) == (expected, (("shifted_right", -expected),))
    np.testing.assert_array_equal(change.image, np.roll(image, -expected, axis=1))
    assert change.confidence == pytest.approx(1 / (1 + math.exp(-0.5)), abs=1e-6)


def test_a_shift_both_ways_is_as_long_as_its_diagonal() -> None:
    target = np.roll(block(14, 14), (2, -1), axis=(0, 1))
    change = find("shifted", smallest_change(lambda images: answer(3, sameness(images, target), 8), block(14, 14), 3))
    assert change
    assert change.amount == pytest.approx(math.sqrt(5))
    assert dict(change.parts) == {"shifted_right": -1, "shifted_down": 2}


def sameness(images: Images, target: Images) -> NDArray[np.float64]:
    return np.where((images == target).all(axis=(1, 2)), 0.9, 0.1)


@pytest.mark.parametrize(("down", "right", "tried"), [(4, 0, True), (3, 2, True), (3, 3, False), (0, -4, True)])
def test_shifts_of_up_to_four_pixels_are_tried(down: int, right: int, tried: bool) -> None:
    target = np.roll(block(14, 14), (down, right), axis=(0, 1))
    change = find("shifted", smallest_change(lambda images: answer(3, sameness(images, target), 8), block(14, 14), 3))
    assert (change is not None) == tried


def test_a_mistake_five_pixels_away_is_not_put_right_by_shifting() -> None:
    assert find("shifted", smallest_change(leans_left, block(14, 18), 1)) is None


def test_the_smallest_turn_is_the_one_that_it_takes() -> None:
    # From 2 right of the middle and 8 above it to half a pixel left of it: 2 cos a - 8 sin a < -0.5 from 17.5 degrees.
    change = find("turned", smallest_change(leans_left, block(6, 16), 1))
    assert change
    assert (change.amount, change.parts, change.unit) == (-18, (("turned", -18),), "degrees")
    below = find("turned", smallest_change(leans_left, block(22, 16), 1))
    assert below
    assert below.amount == 18


def test_a_turn_of_more_than_thirty_degrees_is_not_tried() -> None:
    # 4 cos a - 8 sin a < -0.5 from 29.8 degrees, 5 cos a - 8 sin a from 35.1.
    change = find("turned", smallest_change(leans_left, block(6, 18), 1))
    assert change
    assert change.amount == -30
    assert find("turned", smallest_change(leans_left, block(6, 19), 1)) is None


def test_the_smallest_thickening_is_the_one_that_it_takes() -> None:
    # A 3 x 3 block gains 12 neighbours, so each tenth of a pixel adds 1.2 pixels of ink to 9.
    changes = smallest_change(has_more_ink_than(255 * 11.5), block(14, 14), 1)
    change = find("thickened", changes)
    assert change
    assert (change.amount, change.parts) == (0.3, (("thickened", 0.3),))
    assert (find("shifted", changes), find("turned", changes)) == (None, None)
    # It keeps 1 of its 9, so each tenth takes 0.8.
    thinner = find("thickened", smallest_change(has_more_ink_than(255 * 7.5), block(14, 14), 7))
    assert thinner
    assert thinner.amount == -0.2


@pytest.mark.parametrize(("ink", "label", "expected"), [(20.9, 1, 1), (21.1, 1, None), (1.1, 7, -1), (0.9, 7, None)])
def test_strokes_are_made_thicker_or_thinner_by_up_to_one_pixel(ink: float, label: int, expected: float | None) -> None:
    change = find("thickened", smallest_change(has_more_ink_than(255 * ink), block(14, 14), label))
    assert (change.amount if change else None) == expected


def test_taking_all_ink_away_puts_nothing_right() -> None:
    def calls_paper_a_3(images: Images) -> Shares:
        return answer(3, np.where(images.any(axis=(1, 2)), 0.1, 0.9), 8)

    line = np.zeros((28, 28), np.uint8)
    line[5:20, 14:16] = 255
    assert not corrupt(line[None], "thickened", -1).any()
    assert smallest_change(calls_paper_a_3, line, 3) == (None, None, None)
    assert smallest_change(calls_paper_a_3, np.zeros((28, 28), np.uint8), 3) == (None, None, None)


def test_of_equally_small_changes_the_surest_is_taken() -> None:
    image = block(14, 14)

    def likes_down(images: Images) -> Shares:
        row = images.sum(axis=2, dtype=np.float64) @ np.arange(28) / images.sum(axis=(1, 2))
        moved = (images != image).any(axis=(1, 2))
        return answer(1, np.where(moved, 0.7 + (row - 14) / 50, 0), 7)

    change = find("shifted", smallest_change(likes_down, image, 1))
    assert change
    assert (change.amount, change.parts) == (1, (("shifted_down", 1),))
    assert change.confidence == pytest.approx(0.72)


@pytest.mark.parametrize("image", [block(14, 5), np.full((28, 28), 255, np.uint8)], ids=["block", "full"])
def test_what_is_right_already_needs_no_change(image: Images) -> None:
    label = int(leans_left(image[None]).argmax())
    for change, kind in zip(smallest_change(leans_left, image, label), KINDS, strict=True):
        assert change
        assert (change.name, change.title, change.unit) == (kind.name, kind.title, kind.unit)
        assert (change.amount, change.parts) == (0, ())
        np.testing.assert_array_equal(change.image, image)
    found = smallest_pixels(leans_left, image, label)
    assert found
    assert found.pixels == ()
    np.testing.assert_array_equal(found.image, image)
    assert not np.shares_memory(found.image, image)


def test_images_of_another_shape_are_told() -> None:
    with pytest.raises(InkError, match=r"^Expected images as uint8"):
        smallest_change(leans_left, np.zeros((27, 28), np.uint8), 1)


@pytest.fixture(scope="module")
def mistakes(classifier: Classifier) -> list[tuple[Images, int]]:
    digits = load_dataset("uci").test
    wrong = classifier.predict_proba(digits.images).argmax(axis=1) != digits.labels
    return [(digits.images[i], int(digits.labels[i])) for i in np.flatnonzero(wrong)[:3]]


def smallest_by_loops(read: Read, image: Images, label: int) -> dict[str, float]:
    tried = {
        "turned": [(abs(a), (("turned", a),)) for a in range(-30, 31)],
        "thickened": [(abs(a) / 10, (("thickened", a / 10),)) for a in range(-10, 11)],
        "shifted": [
            (math.hypot(x, y), (("shifted_right", x), ("shifted_down", y))) for x in range(-4, 5) for y in range(-4, 5)
        ],
    }
    found = {}
    for name, all_parts in tried.items():
        for size, parts in sorted(all_parts):
            changed = image[None]
            for one, amount in parts:
                changed = corrupt(changed, one, amount)
            if size <= (4 if name == "shifted" else 30) and read(changed)[0].argmax() == label:
                found[name] = size
                break
    return found


def test_a_real_readers_mistakes_are_mended_as_by_plain_loops(
    classifier: Classifier, mistakes: list[tuple[Images, int]]
) -> None:
    assert mistakes
    mended = 0
    for image, label in mistakes:
        changes = smallest_change(classifier.predict_proba, image, label)
        found = {change.name: abs(change.amount) for change in changes if change}
        assert found == pytest.approx(smallest_by_loops(classifier.predict_proba, image, label))
        for change in filter(None, changes):
            mended += 1
            changed = image[None]
            for name, amount in change.parts:
                changed = corrupt(changed, name, amount)
            np.testing.assert_array_equal(change.image, changed[0])
            answers = classifier.predict_proba(changed)[0]
            assert answers.argmax() == label
            assert answers[label] == pytest.approx(change.confidence, abs=1e-5)
    assert mended


def test_a_real_readers_mistakes_are_mended_by_pixels(
    classifier: Classifier, mistakes: list[tuple[Images, int]]
) -> None:
    image, label = mistakes[0]
    before = image.copy()
    found = smallest_pixels(classifier.predict_proba, image, label)
    assert found
    np.testing.assert_array_equal(image, before)
    answers = classifier.predict_proba(found.image[None])[0]
    assert answers.argmax() == label
    assert answers[label] == pytest.approx(found.confidence, abs=1e-5)
    assert 1 <= len(found.pixels) <= 8
    changed = {(int(row), int(column)) for row, column in np.argwhere(found.image != image)}
    assert changed == {(row, column) for row, column, _ in found.pixels}
    assert all(found.image[row, column] == grey for row, column, grey in found.pixels)


@pytest.mark.parametrize("spot", [(0, 0, 255), (27, 27, 255), (14, 13, 0)])
def test_the_one_pixel_that_decides_is_found(spot: tuple[int, int, int]) -> None:
    row, column, grey = spot
    image = block(14, 14)

    def read(images: Images) -> Shares:
        return answer(3, np.where(images[:, row, column] == grey, 0.9, 0.2), 8)

    found = smallest_pixels(read, image, 3, limit=1)
    assert found
    assert found.pixels == (spot,)
    assert found.confidence == pytest.approx(0.9)
    assert (found.image != image).sum() == 1
    assert smallest_pixels(read, image, 3, limit=0) is None


def weigh(images: Images) -> Shares:
    weights = np.random.default_rng(1).normal(0, 2e-3, (784, 10))
    scores = np.exp(images.reshape(len(images), 784) @ weights)
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def pixels_by_loops(image: Images, label: int) -> list[tuple[int, int, int]]:
    image, found = image.copy(), []
    while weigh(image[None])[0].argmax() != label:
        best, best_score = None, (False, -1.0)
        for row in range(28):
            for column in range(28):
                for grey in (0, 255):
                    changed = image.copy()
                    changed[row, column] = grey
                    answers = weigh(changed[None])[0]
                    score = (bool(answers.argmax() == label), float(answers[label]))
                    if (row, column) not in [pixel[:2] for pixel in found] and score > best_score:
                        best, best_score = (row, column, grey), score
        found.append(best)
        image[best[0], best[1]] = best[2]
    return found


def test_pixels_are_those_of_a_plain_greedy_search() -> None:
    image = block(12, 15, 4)
    label = int(weigh(image[None])[0].argsort()[-3])
    expected = pixels_by_loops(image, label)
    assert len(expected) > 1
    found = smallest_pixels(weigh, image, label, limit=len(expected))
    assert found
    assert list(found.pixels) == expected
    assert smallest_pixels(weigh, image, label, limit=len(expected) - 1) is None


def test_one_that_puts_it_right_goes_before_one_that_raises_more() -> None:
    def read(images: Images) -> Shares:
        answers = np.tile(np.array([0.3, 0.7] + [0] * 8, np.float32), (len(images), 1))
        answers[images[:, 3, 3] == 255] = [0.45, 0.55] + [0] * 8
        answers[images[:, 9, 9] == 255] = [0.4, 0.3, 0.3] + [0] * 7
        return answers

    found = smallest_pixels(read, np.zeros((28, 28), np.uint8), 0)
    assert found
    assert found.pixels == ((9, 9, 255),)


def test_one_that_puts_it_right_need_not_raise_the_probability() -> None:
    def read(images: Images) -> Shares:
        answers = np.tile(np.array([0.3, 0.7] + [0] * 8, np.float32), (len(images), 1))
        answers[images[:, 9, 9] == 255] = [0.28, 0.24, 0.24, 0.24] + [0] * 6
        return answers

    found = smallest_pixels(read, np.zeros((28, 28), np.uint8), 0)
    assert found
    assert found.pixels == ((9, 9, 255),)


def test_what_was_changed_is_not_changed_back() -> None:
    # By which of the first five pixels are ink. From 0, 1, 2 it would go on to 1, 2, and no further.
    shares = {(0,): 0.2, (0, 1): 0.25, (0, 1, 2): 0.3, (1, 2): 0.4, (0, 1, 2, 3): 0.35, (0, 1, 2, 3, 4): 0.9}

    def read(images: Images) -> Shares:
        inked = [tuple(int(i) for i in np.flatnonzero(row)) for row in images[:, 0, :5]]
        return answer(3, np.array([shares.get(pixels, 0.1) for pixels in inked]), 8)

    found = smallest_pixels(read, np.zeros((28, 28), np.uint8), 3)
    assert found
    assert found.pixels == tuple((0, column, 255) for column in range(5))


def test_when_every_pixel_was_changed_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digitrec.evaluation.counterfactuals.SIDE", 2)

    def read(images: Images) -> Shares:
        return answer(3, images.sum(axis=(1, 2)) / 1e6, 8)

    assert smallest_pixels(read, np.zeros((2, 2), np.uint8), 3) is None


def test_where_no_pixel_helps_the_search_ends_at_once() -> None:
    calls = []

    def read(images: Images) -> Shares:
        calls.append(len(images))
        return answer(3, np.full(len(images), 0.1), 8)

    assert smallest_pixels(read, block(14, 14), 3) is None
    # A pixel that is ink already is not made ink again: 9 of 255 and 775 of 0 are left out.
    assert calls == [1, 784]


def test_greys_become_ink_where_ink_helps() -> None:
    found = smallest_pixels(has_more_ink_than(784 * 100 + 155 * 4.5), np.full((28, 28), 100, np.uint8), 1)
    assert found
    assert {pixel[2] for pixel in found.pixels} == {255}
    assert len({pixel[:2] for pixel in found.pixels}) == len(found.pixels) == 5
