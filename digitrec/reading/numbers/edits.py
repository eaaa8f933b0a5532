"""Manual edits of a number that was read: splitting, joining and naming digits, kept while the user writes on.

digits as they were read, changes -> `change_by_hand` -> digits as they are named

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

NEAR = 6  # pixels; a box whose sides differ by no more is that of the same digit


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes
    ----------
    boxes : of the digit that it is about, of two neighbours where they are joined.
    digit : what it is named.
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


def change_by_hand(
    found: Sequence[FoundDigit],
    changes: Sequence[Change],
    read: Predict,
    is_unsure: Callable[[NDArray[np.float32]], bool],
) -> tuple[NamedDigit, ...]:
    """Apply changes in order; a change whose digits are gone is skipped.

    Parameters
    ----------
    found : as they were read, left to right.
    read : (n, 28, 28) uint8 -> (n, 10) float32, for what is split or joined.
    is_unsure : whether (10,) of these probabilities are too weak for a verdict.
    """
    digits = _named(found)
    for change in changes:
        places = [_find(digits, box) for box in change.boxes]
        if None not in places:
            start, end = min(places), max(places) + 1  # type: ignore[type-var,operator]
            digits[start:end] = _changed(digits[start:end], change, read, is_unsure)
    return tuple(digits)


def box_of(found: FoundDigit) -> Box:
    """Where a digit lies on the canvas."""
    return Box(found.left, found.top, found.right, found.bottom)


def _find(digits: Sequence[NamedDigit], box: Box) -> int | None:
    for place, digit in enumerate(digits):
        if all(abs(one - other) <= NEAR for one, other in zip(box_of(digit.found), box, strict=True)):
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
        except InkError:  # a line of one pixel is no two digits
            return digits
    return digits


def _named(digits: Sequence[FoundDigit]) -> list[NamedDigit]:
    return [NamedDigit(one, one.digit) for one in digits]
