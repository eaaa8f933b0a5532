"""Strokes for the tests of drawings and links."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.ink.drawings import CANVAS, MAX_WIDTH, Stroke

Points = NDArray[np.float32]
HOOK = ((60, 60), (200, 70), (120, 210), (125, 120))
coordinates = st.integers(0, CANVAS)
lines = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12)
strokes = st.builds(
    lambda points, width, erases: Stroke(np.array(points, np.float32), width, erases),
    lines,
    st.integers(1, MAX_WIDTH).map(float),
    st.booleans(),
)


def stroke(*points: tuple[float, float], width: float = 16, erases: bool = False) -> Stroke:
    return Stroke(np.array(points, np.float32), width, erases)


def distance_to_line(points: Points, places: NDArray[np.float64]) -> NDArray[np.float64]:
    nearest = np.full(len(places), np.inf)
    for start, end in pairwise([points[0], *points]):
        along = (end - start).astype(float)
        length = along @ along
        for index, spot in enumerate(places):
            share = min(max((spot - start) @ along / length, 0), 1) if length else 0
            nearest[index] = min(nearest[index], np.linalg.norm(spot - start - share * along))
    return nearest
