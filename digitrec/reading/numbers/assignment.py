"""Dividing the ink of a number among its digits, given their number and approximate positions."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import find_box
from digitrec.ink.types import Box, Strokes
from digitrec.reading.numbers.components import Places, Writing, cut_out, find_groups, find_specks, reduce_ink
from digitrec.reading.numbers.cuts import Cut, along_seams, between_components, between_strokes
from digitrec.reading.numbers.results import Piece, Pixels

BEYOND = 8.0  # cost of a stroke of full height on the wrong side of a cut, in pen widths of ink crossed


def leave_out_specks(ink: Pixels) -> tuple[Pixels, tuple[Piece, ...]]:
    """Before assignment: separate far-off specks: the ink (H, W) uint8 without them, and the specks."""
    box = find_box(ink)
    if box is None:
        return ink, ()
    tight = ink[box.slices]
    writing = reduce_ink(tight)
    specks = tuple(cut_out(tight, writing, find_specks(writing), box[:2]))
    if not specks:
        return ink, ()
    clean = ink.copy()
    for speck in specks:
        clean[speck.top : speck.bottom, speck.left : speck.right][speck.ink > 0] = 0
    return clean, specks


def assign_ink(ink: Pixels, middles: Sequence[float], strokes: Strokes | None = None) -> tuple[Piece | None, ...]:
    """Assign each pixel of the ink to one of the digits.

    Parameters
    ----------
    ink : (H, W) uint8, 255 on 0, not empty.
    middles : the approximate column of each digit in `ink`, left to right, at least one.
    strokes : in pixels of `ink`, if they are known: they are rarely cut.

    Returns
    -------
    A piece for each of `middles`, in their order; None if no ink is left for it. All ink is in one of the pieces.
    """
    box = find_box(ink) or Box.whole(ink.shape)
    tight = ink[box.slices]
    writing = reduce_ink(tight)
    paths = [(np.reshape(stroke, (-1, 2)) - box[:2]) / writing.factor for stroke in strokes or () if len(stroke)]
    places = (np.asarray(middles, float) - box.left) / writing.factor
    groups = find_groups(writing)
    spans = np.array([(writing.x[group].min(), writing.x[group].max()) for group in groups])
    at = np.array([int(_distance(spans, place, place).argmin()) for place in places])
    homes = [group if group in at else at[_distance(spans[at], *spans[group]).argmin()] for group in range(len(groups))]
    owner = np.abs(writing.x[:, None] - places).argmin(axis=1)  # of specks; other ink is assigned more carefully below
    for home in np.unique(at):
        mine = np.sort(np.concatenate([group for group, one in zip(groups, homes, strict=True) if one == home]))
        own = np.flatnonzero(at == home)
        owner[mine] = own[_assign(writing, mine, places[own], paths)]
    inked = np.unique(owner)
    pieces = cut_out(tight, writing, [np.flatnonzero(owner == k) for k in inked], box[:2])
    found = dict(zip(inked.tolist(), pieces, strict=True))
    return tuple(found.get(k) for k in range(len(places)))


def _distance(spans: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """The distance of each span (k, 2) of columns from the span `low` to `high`; 0 if they overlap."""
    return np.maximum(np.maximum(spans[:, 0] - high, low - spans[:, 1]), 0)


def _assign(
    writing: Writing, part: Places, middles: NDArray[np.float64], paths: Sequence[NDArray[np.float64]]
) -> NDArray[np.intp]:
    """The index of the middle that each pixel of a part belongs to, (n,)."""
    number = np.zeros(len(part), np.intp)
    if len(middles) == 1:
        return number
    cuts = [*between_components(writing, part), *along_seams(writing, part)]
    cuts += between_strokes(writing, part, paths) if paths else []
    x = writing.x[part]
    for before, after in pairwise(middles):
        upright = Cut(x < (before + after) / 2, BEYOND)
        number += ~min([*cuts, upright], key=lambda cut: _cost(writing, cut, x, before, after)).is_left
    missing = np.setdiff1d(np.arange(len(middles)), number)
    return np.abs(x[:, None] - middles).argmin(axis=1) if len(missing) else number


def _cost(writing: Writing, cut: Cut, x: Places, before: float, after: float) -> float:
    """The cost of a cut: pen widths of ink crossed, plus the ink on the wrong side of two digits' middles."""
    wrong = (cut.is_left & (x > after)).sum() + (~cut.is_left & (x < before)).sum()
    return cut.crossed + BEYOND * float(wrong) / (writing.pen * writing.height)
