"""The pen's path as a network reads it, and how paths are varied so that a network meets more hands than it was given.

strokes -> as they are, or turned, slanted, stretched, in another order -> 64 points by arc length -> (64, 5)

What the ink cannot show is here: which way the pen went, and where one stroke ends beneath another. How fast it went is
left out, so that a mouse reads like a pen.
"""

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.types import Strokes

POINTS = 64
FEATURES = 5  # x, y, direction of x and y, whether a stroke begins
TINY = 1e-6  # pixels; a shorter path is a dot


def to_path(strokes: Strokes) -> NDArray[np.float32]:
    """The path of the pen in 64 points, evenly by arc length, each stroke with one at least.

    Parameters
    ----------
    strokes : (k, 2) arrays, x and y in pixels of any scale, y down, in the order drawn, at most 64 with points.

    Returns
    -------
    (64, 5) float32: x and y, the drawing's longer side from -1 to 1 about its middle; the direction of the pen, a unit
    vector, 0 for a dot; and 1 where a stroke begins.

    Raises
    ------
    InkError, where there are no strokes, or too many.
    """
    lines = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not 1 <= len(lines) <= POINTS:
        raise InkError(f"Expected 1 to {POINTS} strokes with points. Received: {len(lines)}. Draw with fewer.")
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = max(float((high - low).max()), TINY) / 2
    along = [_arc_length(line) for line in lines]
    path = np.zeros((POINTS, FEATURES), np.float32)
    start = 0
    for line, at, count in zip(lines, along, _share(np.array([one[-1] for one in along])), strict=True):
        places = np.linspace(0, at[-1], count)
        sampled = np.stack([np.interp(places, at, line[:, axis]) for axis in (0, 1)], axis=1)
        part = path[start : start + count]
        part[:, :2] = (sampled - (low + high) / 2) / scale
        part[:, 2:4] = _directions(sampled)
        part[0, 4] = 1
        start += count
    return path


def _arc_length(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far along the line each of its points lies."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def _share(lengths: NDArray[np.float64]) -> NDArray[np.intp]:
    """How many points each stroke gets: by its length, at least one, `POINTS` in all."""
    wished = lengths / max(float(lengths.sum()), TINY) * POINTS
    counts = np.maximum(1, np.floor(wished)).astype(np.intp)
    while counts.sum() > POINTS:
        counts[counts.argmax()] -= 1
    while counts.sum() < POINTS:
        counts[(wished / counts).argmax()] += 1
    return counts


def _directions(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector along the line at each point; 0 for a dot."""
    steps = np.gradient(points, axis=0) if len(points) > 1 else np.zeros_like(points)
    return steps / np.maximum(np.hypot(*steps.T)[:, None], TINY)
