"""Reading a number piece by piece, also where its digits touch.

ink -> components -> groups -> read -> groups that are not clear digits are cut and recombined -> digits

Components that overlap in x form one group. A group that clearly reads as a digit is kept. Any other group is
over-segmented: cut between its components, then between its strokes, if they are known, then along seams that cross
little ink. The pieces between any two cuts are read, and the best-scoring path of pieces is taken (Matan and others,
"Reading Handwritten Digits: A ZIP Code Recognition System", 1992; LeCun and others, "Gradient-Based Learning Applied to
Document Recognition", 1998, section V).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitrec.ink.preprocessing import find_box, find_ink
from digitrec.ink.types import Predict, Strokes
from digitrec.reading.numbers.best_path import Part, find_best_path, into_stretches, read_parts
from digitrec.reading.numbers.components import Writing, cut_out, find_groups, find_specks, reduce_ink, widest_component
from digitrec.reading.numbers.cuts import Cutter, along_seams, between_components, between_strokes
from digitrec.reading.numbers.results import FoundDigit, NumberReading, Piece, Pixels, read_pieces

__all__ = ["FoundDigit", "NumberReading", "Piece", "read_apart", "read_number"]

# Digits that stand apart: minimum probability, and maximum width in heights. Both were chosen among six settings on 250
# of the pen numbers that `make bench` measures with (seed 20), not on training digits like the other settings here.
GUESS, BROAD = 0.3, 1.4


def read_number(canvas: Pixels, read: Predict, strokes: Strokes | None = None) -> NumberReading:
    """Find the digits of a written number and read them.

    Parameters
    ----------
    canvas : (H, W) uint8, ink 255 on 0, or (H, W, 4) uint8 RGBA.
    read : (n, 28, 28) uint8 -> (n, 10) float32, such as `Classifier.predict_proba`. It should give
        non-digits low probabilities, as the shipped model was trained to.
    strokes : in canvas pixels, if they are known. Their order does not matter.

    Raises
    ------
    InkError, if `canvas` is not such an array.
    """
    found = _prepare(canvas)
    if found is None:
        return NumberReading()
    writing, corner = found.writing, np.array(found.corner)
    paths = [(np.reshape(stroke, (-1, 2)) - corner) / writing.factor for stroke in strokes or () if len(stroke)]
    cutters: list[Cutter] = [between_components, along_seams]
    if paths:
        cutters.insert(1, lambda some, places: between_strokes(some, places, paths))
    row = read_parts(writing, find_groups(writing), read)
    for cutter in cutters:
        row = _cut_and_join(writing, row, cutter, read)
    return _to_reading(found, row, read)


def read_apart(canvas: Pixels, read: Predict) -> NumberReading | None:
    """Read a number whose digits do not touch; None if ink would have to be cut. Arguments as for `read_number`.

    Raises
    ------
    InkError, as `read_number`.
    """
    found = _prepare(canvas)
    if found is None:
        return NumberReading()
    writing = found.writing
    if widest_component(writing) > BROAD * writing.height:  # then no reading is needed
        return None
    row = _cut_and_join(writing, read_parts(writing, find_groups(writing), read), between_components, read)
    reading = _to_reading(found, row, read)
    is_apart = all(
        one.probabilities.max() >= GUESS and one.ink.shape[1] <= BROAD * one.ink.shape[0] for one in reading.digits
    )
    return reading if is_apart else None


@dataclass(frozen=True, eq=False)
class _Prepared:
    """Ink cropped to its box, the left and top of the box on the canvas, and the reduced picture."""

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
    """Apply one more kind of cut to the parts of a row that are not clear digits."""
    return [part for stretch in into_stretches(writing, row) for part in find_best_path(writing, stretch, cutter, read)]


def _to_reading(found: _Prepared, row: Sequence[Part], read: Predict) -> NumberReading:
    """Read the parts of a row from their full-size ink, and list the specks."""
    pieces = cut_out(found.tight, found.writing, [part.places for part in row], found.corner)
    specks = cut_out(found.tight, found.writing, find_specks(found.writing), found.corner)
    return NumberReading(read_pieces(pieces, read), tuple(specks))
