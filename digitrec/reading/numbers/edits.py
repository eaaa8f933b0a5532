"""Manual edits of a reading: digits split, joined or corrected, and kept while the user writes on.

digits as read, changes -> `apply_changes` -> digits as edited

A change refers to digits by their boxes, not by their index, so it stays valid when digits are added beside them.
Digits whose ink has changed are read again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.types import Box, Predict
from digitrec.reading.numbers.best_path import CROSSED, score
from digitrec.reading.numbers.components import cut_out, reduce_ink
from digitrec.reading.numbers.cuts import DEAREST, Cut, along_seams, between_components
from digitrec.reading.numbers.results import FoundDigit, Piece, read_pieces, with_doubt

TOLERANCE = 6  # pixels by which the sides of a digit's box may differ


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes
    ----------
    kind : split a digit, join two neighbours, or "name": set the value of a digit.
    boxes : the box of the digit, or of both neighbours to join.
    digit : the value that is set, 0 to 9.
    """

    kind: Literal["split", "join", "name"]
    boxes: tuple[Box, ...]
    digit: int | None = None


@dataclass(frozen=True, eq=False)
class NamedDigit:
    """A digit of a number, its current value, and whether the user set it."""

    found: FoundDigit
    digit: int
    by_hand: bool = False


def apply_changes(
    found: Sequence[FoundDigit],
    changes: Sequence[Change],
    read: Predict,
    is_unsure: Callable[[NDArray[np.float32]], bool],
) -> tuple[NamedDigit, ...]:
    """Apply changes in order; a change whose digits no longer exist is skipped.

    Parameters
    ----------
    found : the digits as read, left to right.
    read : (n, 28, 28) uint8 -> (n, 10) float32 probabilities, for digits that are split or joined.
    is_unsure : whether the highest of (10,) such probabilities is below the model's threshold.
    """
    digits = _named(found)
    for change in changes:
        places = [_find(digits, box) for box in change.boxes]
        if None not in places:
            start, end = min(places), max(places) + 1  # type: ignore[type-var,operator]
            digits[start:end] = _changed(digits[start:end], change, read, is_unsure)
    return tuple(digits)


def box_of(found: FoundDigit) -> Box:
    """The box by which an edit finds its digit on the canvas, in pixels."""
    return Box(found.left, found.top, found.right, found.bottom)


def _find(digits: Sequence[NamedDigit], box: Box) -> int | None:
    for place, digit in enumerate(digits):
        if all(abs(one - other) <= TOLERANCE for one, other in zip(box_of(digit.found), box, strict=True)):
            return place
    return None


def _changed(
    digits: list[NamedDigit], change: Change, read: Predict, is_unsure: Callable[[NDArray[np.float32]], bool]
) -> list[NamedDigit]:
    if change.kind == "name" and change.digit is not None:
        return [NamedDigit(digits[0].found, change.digit, by_hand=True)]
    if change.kind == "join" and len(digits) == 2:
        return _named(with_doubt([join_digits(digits[0].found, digits[1].found, read)], is_unsure))
    if change.kind == "split":
        try:
            return _named(with_doubt(split_digit(digits[0].found, read), is_unsure))
        except InkError:  # a line of one pixel cannot be split
            return digits
    return digits


def _named(digits: Sequence[FoundDigit]) -> list[NamedDigit]:
    return [NamedDigit(one, one.digit) for one in digits]


def split_digit(digit: FoundDigit, read: Predict) -> tuple[FoundDigit, FoundDigit]:
    """Split a digit into two where both halves read best.

    Raises
    ------
    InkError, if the ink is too narrow to be cut.
    """
    writing = reduce_ink(digit.ink)
    everything = np.arange(len(writing.x))
    middle = Cut(writing.x < writing.shape[1] / 2, DEAREST)
    cuts = [*between_components(writing, everything), *along_seams(writing, everything), middle]
    cuts = [cut for cut in cuts if cut.is_left.any() and not cut.is_left.all()]
    if not cuts:
        raise InkError(
            f"Expected a digit wide enough to be two. Received: one of {digit.ink.shape[1]} x {digit.ink.shape[0]} "
            "pixels. Leave it whole."
        )
    halves = [everything[side] for cut in cuts for side in (cut.is_left, ~cut.is_left)]
    scores = score(writing, halves, read)
    best = int(np.argmax(scores[0::2] + scores[1::2] - [CROSSED * cut.crossed for cut in cuts]))
    pieces = cut_out(digit.ink, writing, halves[2 * best : 2 * best + 2], (digit.left, digit.top))
    first, second = read_pieces(pieces, read)
    return first, second


def join_digits(first: FoundDigit, second: FoundDigit, read: Predict) -> FoundDigit:
    """Join two digits of a reading into one, and read the ink of both again."""
    left, top = min(first.left, second.left), min(first.top, second.top)
    right, bottom = max(first.right, second.right), max(first.bottom, second.bottom)
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for one in (first, second):
        part = ink[one.top - top : one.bottom - top, one.left - left : one.right - left]
        np.maximum(part, one.ink, out=part)
    return read_pieces([Piece(left, top, ink)], read)[0]
