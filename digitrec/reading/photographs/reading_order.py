"""The reading order of the digits on a page: row by row, also on a tilted page.

pieces -> slope at which most of them line up -> rows, traced from left to right -> (piece, row)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digitrec.reading.photographs.candidates import Candidate

STEEPEST = 17.0  # degrees
STEP = 0.5
STRAIGHT = 0.01  # fraction of the alignment that a degree costs, so that a page without clear rows counts as level
SAME_ROW = 0.6  # usual heights by which the next digit of a row may be higher or lower


def order(pieces: Sequence[Candidate]) -> list[tuple[Candidate, int]]:
    """Sort pieces in reading order, each with its row, from 0 at the top."""
    if not pieces:
        return []
    boxes = np.array([piece.box for piece in pieces], np.float64)
    middles = np.stack([boxes[:, 1::2].mean(axis=1), boxes[:, ::2].mean(axis=1)], axis=1)
    usual = float(np.median(boxes[:, 3] - boxes[:, 1]))
    levels = middles[:, 0] - find_slope(middles, usual) * middles[:, 1]
    rows = trace_rows(levels, middles[:, 1], SAME_ROW * usual)
    return [(pieces[place], row) for row, places in enumerate(rows) for place in places]


def find_slope(middles: NDArray[np.float64], usual: float) -> float:
    """The slope of rows: pixels down for each pixel to the right.

    Parameters
    ----------
    middles : (n, 2), y and x of digits; fewer than three count as level.
    usual : their usual height.
    """
    if len(middles) < 3:
        return 0.0
    degrees = np.arange(-STEEPEST, STEEPEST + STEP, STEP)
    scores = [_alignment(middles, np.tan(np.deg2rad(angle)), usual) * (1 - STRAIGHT * abs(angle)) for angle in degrees]
    return float(np.tan(np.deg2rad(degrees[int(np.argmax(scores))])))


def _alignment(middles: NDArray[np.float64], slope: float, usual: float) -> float:
    """The number of pairs at the same level, with pairs slightly off counted in part."""
    levels = np.sort(middles[:, 0] - slope * middles[:, 1])
    apart = (levels[:, None] - levels) / (0.2 * usual)
    return float(np.exp(-(apart**2) / 2).sum())


def trace_rows(levels: NDArray[np.float64], across: NDArray[np.float64], reach: float) -> list[list[int]]:
    """Trace rows from left to right: a digit joins the row whose last digit is nearest in level, if within reach.

    Parameters
    ----------
    levels, across : (n,), y corrected for the tilt, and x of each digit.

    Returns
    -------
    The indices of the digits in each row, from left to right; rows from top to bottom.
    """
    rows: list[list[int]] = []
    for place in np.argsort(across, kind="stable").tolist():
        steps = [abs(levels[row[-1]] - levels[place]) for row in rows]
        nearest = int(np.argmin(steps)) if steps else None
        if nearest is None or steps[nearest] > reach:
            rows.append([place])
        else:
            rows[nearest].append(place)
    return sorted(rows, key=lambda row: float(np.mean(levels[row])))
