from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.datasets.synthetic.composing import SPACED, PenWriter, compose
from digitrec.errors import InkError
from digitrec.networks.classifier import Classifier
from digitrec.reading.numbers.edits import (
    TOLERANCE,
    Change,
    NamedDigit,
    apply_changes,
    box_of,
    join_digits,
    split_digit,
)
from digitrec.reading.numbers.results import read_pieces
from digitrec.reading.numbers.segmentation import FoundDigit, Piece, read_number
from tests.reading.numbers.test_segmentation import as_found, sure

HIGH, STEP = 60, 40  # pixels: of a bar, and from the left of one to the left of the next
Ink = NDArray[np.uint8]


def count_bars(images: Ink) -> NDArray[np.float32]:
    """A reader for whom n upright bars are an n."""
    bars = [ndimage.label(image[14] > 0)[1] for image in images]
    return np.eye(10, dtype=np.float32)[bars] * np.float32(0.91) + np.float32(0.009)


def never(probabilities: NDArray[np.float32]) -> bool:
    return False


def found(left: int, bars: int = 1, top: int = 100) -> FoundDigit:
    ink = np.zeros((HIGH, STEP * (bars - 1) + 8), np.uint8)
    for bar in range(bars):
        ink[:, STEP * bar : STEP * bar + 8] = 255
    return read_pieces([Piece(left, top, ink)], count_bars)[0]


def name(digit: FoundDigit, named: int) -> Change:
    return Change("name", (box_of(digit),), named)


def split(digit: FoundDigit) -> Change:
    return Change("split", (box_of(digit),))


def join(*digits: FoundDigit) -> Change:
    return Change("join", tuple(box_of(digit) for digit in digits))


def change(digits: Sequence[FoundDigit], *changes: Change) -> tuple[NamedDigit, ...]:
    return apply_changes(digits, changes, count_bars, never)


def said(digits: Sequence[NamedDigit]) -> str:
    """The digits; a star behind those that somebody named."""
    return "".join(f"{one.digit}{'*' * one.by_hand}" for one in digits)


def all_ink(digits: Sequence[FoundDigit]) -> Ink:
    """The digits laid on an empty canvas; no pixel may lie in two."""
    canvas = np.zeros((280, 840), np.uint8)
    for digit in digits:
        part = canvas[digit.top : digit.bottom, digit.left : digit.right]
        assert not part[digit.ink > 0].any()
        part += digit.ink
    return canvas


# A number of three digits: two bars, one bar, three bars.
TWO, ONE, THREE = NUMBER = found(100, 2), found(300), found(400, 3)


def test_without_changes_digits_are_what_they_were_read_as() -> None:
    named = change(NUMBER)
    assert said(named) == "213"
    assert [one.found for one in named] == list(NUMBER)
    assert change([]) == ()


def test_a_box_says_where_a_digit_lies() -> None:
    assert box_of(TWO) == (100, 100, 148, 160)
    assert all_ink([TWO])[100:160, 100:148].sum() == TWO.ink.sum()


def test_a_named_digit_is_that_and_keeps_its_ink() -> None:
    named = change(NUMBER, name(ONE, 7))
    assert said(named) == "27*3"
    assert [one.found for one in named] == list(NUMBER)
    assert said(change(NUMBER, name(TWO, 0), name(THREE, 3), name(TWO, 5))) == "5*13*"


def test_a_split_digit_is_two_that_are_read_anew() -> None:
    named = change(NUMBER, split(TWO))
    assert said(named) == "1113"
    assert [box_of(one.found) for one in named[:2]] == [(100, 100, 108, 160), (140, 100, 148, 160)]
    assert [one.found for one in named[2:]] == [ONE, THREE]


def test_two_joined_digits_are_one_that_is_read_anew() -> None:
    named = change(NUMBER, join(TWO, ONE))
    assert said(named) == "33"
    assert box_of(named[0].found) == (100, 100, 308, 160)
    assert said(change(NUMBER, join(ONE, TWO))) == "33"
    assert said(change(NUMBER, join(ONE, THREE))) == "24"


def test_no_ink_is_lost_or_won() -> None:
    before = all_ink(NUMBER)
    for changes in ([split(THREE)], [join(ONE, THREE)], [name(TWO, 9)], [split(TWO), join(ONE, THREE), name(ONE, 2)]):
        named = change(NUMBER, *changes)
        np.testing.assert_array_equal(all_ink([one.found for one in named]), before)
        middles = [one.found.left + one.found.right for one in named]
        assert middles == sorted(middles)


def test_changes_are_made_in_their_order() -> None:
    left, right = found(100), found(140)  # the halves of TWO
    assert said(change(NUMBER, split(TWO), name(right, 8))) == "18*13"
    assert said(change(NUMBER, name(right, 8), split(TWO))) == "1113"
    assert said(change(NUMBER, split(TWO), join(left, right))) == "213"
    assert said(change(NUMBER, split(TWO), join(left, right), name(TWO, 6))) == "6*13"


def test_what_is_read_anew_is_named_by_nobody() -> None:
    assert said(change(NUMBER, name(TWO, 6), split(TWO))) == "1113"
    assert said(change(NUMBER, name(TWO, 6), join(TWO, ONE))) == "33"
    assert said(change(NUMBER, name(THREE, 6), join(TWO, ONE))) == "36*"


def test_changes_survive_what_is_written_beside_them() -> None:
    changes = split(TWO), name(found(140), 8), name(THREE, 0)
    assert said(change(NUMBER, *changes)) == "18*10*"
    more = [found(30), TWO, found(200, 2), ONE, THREE, found(600, 4)]
    assert said(change(more, *changes)) == "118*210*4"


def test_a_change_whose_digits_are_gone_is_left_out() -> None:
    changes = name(ONE, 7), split(TWO), join(ONE, THREE)
    assert said(change([TWO], *changes)) == "11"
    assert said(change([found(500)], *changes)) == "1"
    assert said(change([TWO, THREE], join(ONE, THREE), name(THREE, 5))) == "25*"
    assert change([], *changes) == ()
    assert said(change([*NUMBER], *changes)) == "114"


def test_two_digits_stay_apart_once_another_is_written_between_them() -> None:
    assert said(change([TWO, THREE], join(TWO, THREE))) == "5"
    assert said(change(NUMBER, join(TWO, THREE))) == "213"


@given(moves=st.tuples(*[st.integers(-TOLERANCE - 3, TOLERANCE + 3)] * 4))
def test_a_digit_whose_box_changed_a_little_is_the_same(moves: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = np.add(box_of(ONE), moves).tolist()
    named = change(NUMBER, Change("name", ((left, top, right, bottom),), 7))
    assert said(named) == ("27*3" if max(map(abs, moves)) <= TOLERANCE else "213")


@pytest.mark.parametrize("shape", [(40, 1), (1, 1)])
def test_a_line_of_one_pixel_is_not_split(shape: tuple[int, int]) -> None:
    line = read_pieces([Piece(10, 20, np.full(shape, 255, np.uint8))], count_bars)[0]
    named = change([line, TWO], split(line), name(TWO, 4))
    assert named[0].found is line
    assert said(named[1:]) == "4*"


def test_a_name_without_a_digit_names_nothing() -> None:
    assert said(change(NUMBER, Change("name", (box_of(ONE),)))) == "213"


def test_what_came_in_stays_as_it_was() -> None:
    digits, changes = list(NUMBER), [split(TWO), name(ONE, 3)]
    apply_changes(digits, changes, count_bars, never)
    assert digits == list(NUMBER)
    assert changes == [split(TWO), name(ONE, 3)]


def test_a_digit_changed_by_hand_is_unsure_by_the_model_that_read_it_anew() -> None:
    left, right = found(0), found(100)
    (joined,) = apply_changes([left, right], [join(left, right)], count_bars, lambda shares: True)
    kept = apply_changes([left, right], [], count_bars, lambda shares: True)
    assert joined.found.unsure
    assert not any(digit.found.unsure for digit in kept)


def test_both_halves_of_a_split_count() -> None:
    ink = np.zeros((64, 140), np.uint8)
    ink[:, :8] = ink[:, 40:48] = ink[:, 80:88] = ink[:, 120:128] = 255

    def read(images: Ink) -> NDArray[np.float32]:
        bars = [ndimage.label(image[14] > 0)[1] for image in images]
        return sure(np.array([{1: 0.99, 2: 0.9}.get(count, 0.1) for count in bars]))

    halves = split_digit(FoundDigit(5, 6, ink[:, :128], np.zeros((28, 28), np.uint8), np.zeros(10, np.float32)), read)
    assert [(half.left, half.right) for half in halves] == [(5, 53), (85, 133)]


def test_joining_and_splitting_undo_each_other(pens: tuple[PenWriter, ...], classifier: Classifier) -> None:
    for number in compose(pens, 8, replace(SPACED, length=(2, 2)), 1):
        reading = read_number(number.ink, classifier.predict_proba)
        whole = join_digits(*reading.digits[::-1], classifier.predict_proba)
        assert whole.ink.astype(int).sum() == number.ink.astype(int).sum()
        again = split_digit(whole, classifier.predict_proba)
        for one, other in zip(reading.digits, again, strict=True):
            assert (one.left, one.top) == (other.left, other.top)
            np.testing.assert_array_equal(one.ink, other.ink)


def test_what_cannot_be_split_is_told(classifier: Classifier) -> None:
    ink = np.zeros((40, 9), np.uint8)
    ink[5:30, 4] = 255
    with pytest.raises(InkError, match=r"^Expected a digit wide enough to be two\. Received: one of 1 x 25 pixels"):
        split_digit(as_found(ink, classifier), classifier.predict_proba)
