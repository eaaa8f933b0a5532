"""Candidate cuts of a number: between components, between strokes, and along seams that cross little ink."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.reading.numbers.components import Bools, Places, Writing

SPREAD = 0.1  # heights; seams closer than this, averaged over rows, count as one
MOST = 80  # cuts that are kept, the cheapest
SIDEWAYS = 0.1  # cost of a sideways step of a seam, in pixels of ink
DEAREST = 3.5  # maximum cost of a seam, in pen widths


@dataclass(frozen=True, eq=False)
class Cut:
    """A cut through some pixels: which lie left of it, and how much ink it crosses, in pen widths."""

    is_left: Bools
    crossed: float = 0.0


Cutter = Callable[[Writing, Places], list[Cut]]


def between_components(writing: Writing, places: Places) -> list[Cut]:
    """Cuts between the components of a part, in the order of their centres."""
    return _between(writing, places, writing.component[places])


def between_strokes(writing: Writing, places: Places, paths: Sequence[NDArray[np.float64]]) -> list[Cut]:
    """Cuts between the strokes of a part, in the order of their centres; ink belongs to the nearest stroke."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  only needed with strokes

    points = [_every_pixel(path) for path in paths]
    owner = np.repeat(np.arange(len(points)), [len(some) for some in points])
    ink = np.stack([writing.x[places], writing.y[places]], axis=1) + 0.5
    return _between(writing, places, owner[cKDTree(np.concatenate(points)).query(ink)[1]])


def _every_pixel(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Resample a path to points at most a pixel apart."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0, along[-1], int(along[-1]) + 2)
    return np.stack([np.interp(at, along, path[:, axis]) for axis in (0, 1)], axis=1)


def _between(writing: Writing, places: Places, owner: Places) -> list[Cut]:
    """Cuts between owners, in the order of their centres."""
    owners = np.unique(owner)
    centres = [writing.x[places[owner == one]].mean() for one in owners]
    ordered = owners[np.argsort(centres, kind="stable")]
    return [Cut(np.isin(owner, ordered[:k])) for k in range(1, len(ordered))]


def along_seams(writing: Writing, places: Places) -> list[Cut]:
    """Cuts along the seams from top to bottom that cross the least ink; of seams close together, the cheapest."""
    y, x = writing.y[places], writing.x[places]
    y, x = y - y.min(), x - x.min() + 1
    ink = np.zeros((y.max() + 1, x.max() + 2), np.float32)  # a column of paper on either side
    ink[y, x] = writing.grey[places] / writing.grey[places].max()
    seams = _seams(ink, DEAREST * writing.pen, SPREAD * writing.height)
    crossed = np.take_along_axis(ink, seams.T, axis=1).sum(axis=0) / writing.pen
    return [Cut(x < seam[y], float(cost)) for seam, cost in zip(seams, crossed, strict=True)]


def _seams(ink: NDArray[np.float32], dearest: float, spread: float) -> Places:
    """The column of each seam in each row, (k, h)."""
    height, width = ink.shape
    (down, from_above), (up, from_below) = _cheapest(ink), _cheapest(ink[::-1])
    price = down + up[::-1] - ink  # of the cheapest seam through each pixel
    rows = np.unique(np.linspace(0, height - 1, 5).astype(int))
    columns = np.arange(0, width, max(1, int(spread / 3)))
    start_y, start_x = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    cheap = price[start_y, start_x] <= dearest
    start_y, start_x = start_y[cheap], start_x[cheap]
    seams = _follow(from_above, start_y, start_x)
    below = _follow(from_below, height - 1 - start_y, start_x)[:, ::-1]
    seams = np.where(np.arange(height) <= start_y[:, None], seams, below)
    kept: list[int] = []
    left = np.argsort(price[start_y, start_x], kind="stable")
    while len(left) and len(kept) < MOST:
        kept.append(int(left[0]))
        left = left[np.abs(seams[left] - seams[left[0]]).mean(axis=1) >= max(spread, 1)]
    return seams[kept]


def _cheapest(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """The cost of the cheapest path from the top row to each pixel, and its last step (-1, 0, 1) backwards."""
    price, steps = ink.copy(), np.zeros(ink.shape, np.int8)
    beside = np.full(1, np.inf, np.float32)
    for row in range(1, len(ink)):
        above = price[row - 1]
        left, right = np.concatenate([beside, above[:-1]]), np.concatenate([above[1:], beside])
        aside = np.minimum(left, right) + np.float32(SIDEWAYS)
        steps[row] = np.where(aside < above, np.where(left <= right, -1, 1), 0)
        price[row] += np.minimum(above, aside)
    return price, steps


def _follow(steps: NDArray[np.int8], start_y: Places, start_x: Places) -> Places:
    """Trace paths back up from each start, (k, h); below its start a path stays in its column."""
    paths = np.empty((len(start_y), len(steps)), np.intp)
    x = start_x.copy()
    for row in range(len(steps) - 1, -1, -1):
        paths[:, row] = x
        x = x + np.where(row <= start_y, steps[row, x], 0)
    return paths
