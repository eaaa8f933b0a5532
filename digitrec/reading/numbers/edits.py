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
from digitrec.reading.numbers.results import FoundDigit, with_doubt
from digitrec.reading.numbers.segmentation import join, split

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
    """The box of a digit on the canvas, in pixels."""
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
        return _named(with_doubt([join(digits[0].found, digits[1].found, read)], is_unsure))
    if change.kind == "split":
        try:
            return _named(with_doubt(split(digits[0].found, read), is_unsure))
        except InkError:  # a line of one pixel cannot be split
            return digits
    return digits


def _named(digits: Sequence[FoundDigit]) -> list[NamedDigit]:
    return [NamedDigit(one, one.digit) for one in digits]
