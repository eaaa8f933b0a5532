"""From the ink of a written number to its digits, also where they touch.

ink -> components -> a row of groups -> read -> what is no plain digit is cut, read and put together anew -> digits

Ink that lies above each other is one group, and a group that reads as a digit is one. Any other is cut too often:
between its components, then between its strokes where they are known, then along paths from top to bottom that cross
little ink. Each piece between two cuts is read, and the row of pieces that reads best is taken: over-segmentation and
the best path through it (Matan and others, "Reading Handwritten Digits: A ZIP Code Recognition System", 1992; LeCun and
others, "Gradient-Based Learning Applied to Document Recognition", 1998, section V).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitrec.errors import InkError
from digitrec.ink.preprocessing import find_box, find_ink
from digitrec.ink.types import Predict, Strokes
from digitrec.reading.numbers.best_path import CROSSED, Part, improve, into_stretches, judge, score
from digitrec.reading.numbers.components import Writing, cut_out, find_groups, find_specks, reduce_ink, widest_component
from digitrec.reading.numbers.cuts import DEAREST, Cut, Cutter, along_seams, between_components, between_strokes
from digitrec.reading.numbers.results import FoundDigit, NumberReading, Piece, Pixels, read_pieces

__all__ = ["FoundDigit", "NumberReading", "Piece", "join", "read_apart", "read_number", "split"]

# Of what stands apart: the least probability that it is a digit, and its width in heights. Both were chosen among six
# settings on 250 of the pen numbers that `make bench` measures with, seed 20: not on training digits, as all else here.
GUESS, BROAD = 0.3, 1.4


def read_number(canvas: Pixels, read: Predict, strokes: Strokes | None = None) -> NumberReading:
    """Find the digits of a written number and read them.

    Parameters
    ----------
    canvas : (H, W) uint8, ink 255 on 0, or (H, W, 4) uint8 RGBA.
    read : (n, 28, 28) uint8 -> (n, 10) float32, such as `Classifier.predict_proba`. It should give what is no digit
        low probabilities, as the shipped model was taught to.
    strokes : (k, 2) arrays, x and y in canvas pixels, y down, where they are known. Their order does not matter.

    Raises
    ------
    InkError, where `canvas` is not such an array.
    """
    found = _prepare(canvas)
    if found is None:
        return NumberReading()
    writing, corner = found.writing, np.array(found.corner)
    paths = [(np.reshape(stroke, (-1, 2)) - corner) / writing.factor for stroke in strokes or () if len(stroke)]
    cutters: list[Cutter] = [between_components, along_seams]
    if paths:
        cutters.insert(1, lambda some, places: between_strokes(some, places, paths))
    row = judge(writing, find_groups(writing), read)
    for cutter in cutters:
        row = _cut_and_join(writing, row, cutter, read)
    return _to_reading(found, row, read)


def read_apart(canvas: Pixels, read: Predict) -> NumberReading | None:
    """Read a number whose digits do not touch; None where some ink would have to be cut. Arguments as `read_number`'s.

    Raises
    ------
    InkError, as `read_number`.
    """
    found = _prepare(canvas)
    if found is None:
        return NumberReading()
    writing = found.writing
    if widest_component(writing) > BROAD * writing.height:  # nothing needs to be read to see that
        return None
    row = _cut_and_join(writing, judge(writing, find_groups(writing), read), between_components, read)
    reading = _to_reading(found, row, read)
    is_apart = all(
        one.probabilities.max() >= GUESS and one.ink.shape[1] <= BROAD * one.ink.shape[0] for one in reading.digits
    )
    return reading if is_apart else None


@dataclass(frozen=True, eq=False)
class _Prepared:
    """Tight ink, its left and top on the canvas, and its reduced picture."""

    tight: Pixels
    corner: tuple[int, int]
    writing: Writing


def _prepare(canvas: Pixels) -> _Prepared | None:
    ink = find_ink(canvas)
    box = find_box(ink)
    if box is None:
        return None
    tight = ink[box.slices]
    return _Prepared(tight, box[:2], reduce_ink(tight))


def _cut_and_join(writing: Writing, row: Sequence[Part], cutter: Cutter, read: Predict) -> list[Part]:
    """The row after one more way to cut what is no plain digit."""
    return [part for stretch in into_stretches(writing, row) for part in improve(writing, stretch, cutter, read)]


def _to_reading(found: _Prepared, row: Sequence[Part], read: Predict) -> NumberReading:
    """Read the row from all of its ink, and name the specks."""
    pieces = cut_out(found.tight, found.writing, [part.places for part in row], found.corner)
    specks = cut_out(found.tight, found.writing, find_specks(found.writing), found.corner)
    return NumberReading(read_pieces(pieces, read), tuple(specks))


def split(digit: FoundDigit, read: Predict) -> tuple[FoundDigit, FoundDigit]:
    """Take a digit for two: cut it where both halves read best.

    Raises
    ------
    InkError, where the ink is too narrow to be cut.
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


def join(first: FoundDigit, second: FoundDigit, read: Predict) -> FoundDigit:
    """Take two digits of one reading for one, (28, 28) image and probabilities made anew from the ink of both."""
    left, top = min(first.left, second.left), min(first.top, second.top)
    right, bottom = max(first.right, second.right), max(first.bottom, second.bottom)
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for one in (first, second):
        part = ink[one.top - top : one.bottom - top, one.left - left : one.right - left]
        np.maximum(part, one.ink, out=part)
    return read_pieces([Piece(left, top, ink)], read)[0]
