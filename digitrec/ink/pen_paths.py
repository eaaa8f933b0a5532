"""The path of the pen as a network reads it.

strokes -> 64 points, evenly spaced by arc length -> (64, 5)

The path holds what ink cannot show: the direction of the pen, and where one stroke ends beneath another. The speed of
the pen is left out, so a mouse reads like a pen.
"""

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.types import Strokes

POINTS = 64
FEATURES = 5  # x, y, direction in x and y, whether a stroke begins
TINY = 1e-6  # pixels; a shorter path is a dot


def to_path(strokes: Strokes) -> NDArray[np.float32]:
    """Resample strokes to 64 points, evenly spaced by arc length, at least one for each stroke.

    Parameters
    ----------
    strokes : at any scale; at most 64 of them with points.

    Returns
    -------
    (64, 5) float32: x and y, centred, the longer side of the drawing scaled to -1 to 1; the direction of the pen as a
    unit vector, 0 for a dot; and 1 where a stroke begins.

    Raises
    ------
    InkError, if there are no strokes or too many.
    """
    lines = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not 1 <= len(lines) <= POINTS:
        raise InkError(f"Expected 1 to {POINTS} strokes with points. Received: {len(lines)}. Draw with fewer strokes.")
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = max(float((high - low).max()), TINY) / 2
    along = [_arc_length(line) for line in lines]
    path = np.zeros((POINTS, FEATURES), np.float32)
    start = 0
    for line, at, count in zip(lines, along, _allocate(np.array([one[-1] for one in along])), strict=True):
        places = np.linspace(0, at[-1], count)
        sampled = np.stack([np.interp(places, at, line[:, axis]) for axis in (0, 1)], axis=1)
        part = path[start : start + count]
        part[:, :2] = (sampled - (low + high) / 2) / scale
        part[:, 2:4] = _directions(sampled)
        part[0, 4] = 1
        start += count
    return path


def _arc_length(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance along the line from its start to each of its points."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def _allocate(lengths: NDArray[np.float64]) -> NDArray[np.intp]:
    """Divide `POINTS` points among strokes in proportion to their lengths, at least one for each."""
    wanted = lengths / max(float(lengths.sum()), TINY) * POINTS
    counts = np.maximum(1, np.floor(wanted)).astype(np.intp)
    while counts.sum() > POINTS:
        counts[counts.argmax()] -= 1
    while counts.sum() < POINTS:
        counts[(wanted / counts).argmax()] += 1
    return counts


def _directions(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector along the line at each point; 0 for a dot."""
    steps = np.gradient(points, axis=0) if len(points) > 1 else np.zeros_like(points)
    return steps / np.maximum(np.hypot(*steps.T)[:, None], TINY)
