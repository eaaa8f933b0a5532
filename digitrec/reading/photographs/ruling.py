"""Ruled and squared paper: lines are removed from the ink without cutting the digits on them.

thin marks -> slope of most of them -> sheared level -> long level lines -> ink without them

A shear by whole pixels loses none, so lines are removed exactly where they were. Ink that is darker than a line stays
where it crosses the line. Ink that is no darker is restored by closing the gap between both sides.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.reading.photographs.contrast import Picture, faintest

Mask = NDArray[np.bool_]

STEEPEST = 17.0  # degrees
STEP = 0.25  # degrees
SAMPLE = 30_000  # pixels; enough to find the slope
SEED = 0
BIN = 4  # pixels; a slightly bent line still falls into few bins
# The next four are fractions of the shorter side of the picture.
THICKEST = 1 / 200  # of a line
PIECE = 1 / 40  # minimum length without a gap; the bars of digits are mostly shorter
GAP = 1 / 7  # maximum gap, where a digit stands on the line
SPAN = 1 / 4  # minimum length of a whole line
UNBROKEN = 0.6  # minimum fraction of its length without gaps
DARKER = 1.4  # ratio to the contrast of the line from which ink lies on top of it


def remove_ruling(strokes: Mask, contrast: Picture) -> tuple[Mask, Mask]:
    """Remove horizontal and vertical lines from strokes.

    Parameters
    ----------
    strokes, contrast : (H, W) bool and float32, as `digitrec.reading.photographs.contrast` gives them.

    Returns
    -------
    The strokes without lines, and the pixels removed, both (H, W) bool.
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
    """Find lines from left to right, up to 17 degrees off, except where darker ink crosses them: (H, W) bool."""
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
    """The slope at which most of an (H, W) mask lines up: pixels down for each pixel to the right."""
    rows, columns = np.nonzero(thin)
    if len(rows) > SAMPLE:
        some = np.random.default_rng(SEED).choice(len(rows), SAMPLE, replace=False)
        rows, columns = rows[some], columns[some]
    slopes = np.tan(np.deg2rad(np.arange(-STEEPEST, STEEPEST + STEP, STEP)))
    return float(max(slopes, key=lambda slope: _alignment(rows - slope * columns)))


def _alignment(heights: NDArray[np.float64]) -> int:
    """The number of pairs in the same bin of heights."""
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
