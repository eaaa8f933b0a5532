"""Ruled and squared paper: the lines are taken out of the ink, and the digits that stand on them are not cut.

thin marks -> the slope of most of them -> sheared until they lie level -> long level lines -> ink without them

A shear by whole pixels loses none, so what is found is taken out exactly where it was. Where ink darker than the line
crosses it, the ink stays; where it is no darker, the gap is closed between the ink on both sides.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.reading.photographs.contrast import Picture, faintest

Mask = NDArray[np.bool_]

STEEPEST = 17.0  # degrees
STEP = 0.25  # degrees
SAMPLE = 30_000  # pixels are enough to find the slope from
SEED = 0
BIN = 4  # pixels; a line that is slightly bent still falls into few
# The rest are shares of the picture's shorter side.
THICKEST = 1 / 200
PIECE = 1 / 40  # without a gap; the bars of digits are mostly shorter
GAP = 1 / 7  # where a digit stands on the line
SPAN = 1 / 4  # of a whole line
UNBROKEN = 0.6  # of its span
DARKER = 1.4  # times the line's contrast is ink on top of it


def remove_ruling(strokes: Mask, contrast: Picture) -> tuple[Mask, Mask]:
    """Take lines out of strokes, those from left to right and those from top to bottom.

    Parameters
    ----------
    strokes, contrast : (H, W) bool and float32, as `digitrec.reading.photographs.contrast` gives them.

    Returns
    -------
    The strokes without lines, and what was taken out, both (H, W) bool.
    """
    marks = contrast > faintest(contrast)
    lines = find_level_lines(marks, contrast) | find_level_lines(marks.T, contrast.T).T
    if not lines.any():
        return strokes, lines
    rest = strokes & ~lines
    reach = 2 * _thickness(strokes) + 1
    closed = ndimage.minimum_filter(ndimage.maximum_filter(rest, reach), reach)
    kept = rest | (strokes & closed)
    return kept, lines & ~kept


def find_level_lines(marks: Mask, contrast: Picture) -> Mask:
    """Lines from left to right, up to 17 degrees off, less what darker ink crosses of them: (H, W) bool."""
    thin = marks & ~_open(marks, _thickness(marks) + 1, axis=0)
    if not thin.any():
        return thin
    shifts = np.rint(np.arange(marks.shape[1]) * -find_slope(thin)).astype(np.intp)
    shifts -= shifts.min()
    places = (np.arange(len(marks))[:, None] + shifts, np.arange(marks.shape[1]))
    level = np.zeros((len(marks) + shifts.max(), marks.shape[1]), bool)
    level[places] = thin
    labels = _label_long_lines(level, min(marks.shape))[places]
    if not labels.any():
        return labels > 0
    known = thin & (labels > 0)
    usual = ndimage.median(contrast[known], labels[known], np.arange(labels.max() + 1))
    return (labels > 0) & (contrast < DARKER * usual[labels])


def find_slope(thin: Mask) -> float:
    """How far down lines run for each pixel to the right: the slope at which most of an (H, W) mask lines up."""
    rows, columns = np.nonzero(thin)
    if len(rows) > SAMPLE:
        some = np.random.default_rng(SEED).choice(len(rows), SAMPLE, replace=False)
        rows, columns = rows[some], columns[some]
    slopes = np.tan(np.deg2rad(np.arange(-STEEPEST, STEEPEST + STEP, STEP)))
    return float(max(slopes, key=lambda slope: _alignment(rows - slope * columns)))


def _alignment(heights: NDArray[np.float64]) -> int:
    """The number of pairs at the same height."""
    counts = np.bincount(((heights - heights.min()) / BIN).astype(np.intp))
    return int((counts**2).sum())


def _label_long_lines(level: Mask, side: int) -> NDArray[np.int32]:
    """Number the pixels of each long level line from 1; 0 elsewhere."""
    wider = ndimage.maximum_filter1d(level, 3, axis=0)
    pieces = _open(_close(wider, 5), round(PIECE * side))
    labels, _ = ndimage.label(_close(pieces, round(GAP * side)), np.ones((3, 3)))
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        span = place[1].stop - place[1].start
        is_this = labels[place] == number
        if span < SPAN * side or (pieces[place] & is_this).any(axis=0).sum() < UNBROKEN * span:
            labels[place][is_this] = 0
    return ndimage.maximum_filter1d(labels * pieces, 3, axis=0)


def _thickness(mask: Mask) -> int:
    return max(3, round(THICKEST * min(mask.shape)))


def _open(mask: Mask, length: int, axis: int = 1) -> Mask:
    odd = length | 1  # so that it has a middle
    return ndimage.maximum_filter1d(ndimage.minimum_filter1d(mask, odd, axis), odd, axis)


def _close(mask: Mask, length: int, axis: int = 1) -> Mask:
    odd = length | 1
    return ndimage.minimum_filter1d(ndimage.maximum_filter1d(mask, odd, axis), odd, axis)
