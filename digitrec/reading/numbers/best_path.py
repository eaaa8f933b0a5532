"""Over-segmentation: groups that are not clear digits are cut, and the best-scoring path of pieces is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Predict
from digitrec.reading.numbers.components import Bools, Places, Writing, size_of, to_images
from digitrec.reading.numbers.cuts import MOST, Cutter

# Lengths in heights of the number.
LINKED = 0.35  # ink on both sides of a wider gap is never one digit
WIDEST = 1.3  # a wider piece is not a digit
LOWEST = 0.4  # a lower piece is not a digit
LEAST = 0.4  # a piece with less ink than a line of this length is not a digit

SAME = 0.02  # cuts that differ by less ink than a line of this length are the same
TURNED = 0.1  # of the squared pen width: ink left of a cut that may lie right of the next cut

PLAIN = 0.9  # minimum probability of a clear digit, whose shape must also be within limits:
PLAIN_HEIGHT, PLAIN_WIDTH = 0.5, 1.1  # minimum height, in heights of the number; maximum width, in its own heights

# Weights of the score of a path, chosen on training digits.
READ = 2.0  # of the logarithm of a piece's score for being a digit
FLOOR = 0.01  # added to that score before the logarithm
CROSSED = 0.5  # penalty for each pen width of ink that a cut crosses
LOW, LOW_BELOW = 10.0, 0.75  # penalty for each height by which a piece is lower than this height
GAP = 3.0  # penalty for each height of paper inside a piece


@dataclass(frozen=True, eq=False)
class Part:
    """Some pixels of a number, and whether they are clearly a digit."""

    places: Places
    is_plain: bool


def read_parts(writing: Writing, parts: Sequence[Places], read: Predict) -> list[Part]:
    """Before the search for a best path: read parts of a number, and decide which are clearly digits."""
    answers = read(to_images(writing, parts))
    return [
        Part(part, _is_plain(writing, part, float(answer.max()))) for part, answer in zip(parts, answers, strict=True)
    ]


def _is_plain(writing: Writing, part: Places, confidence: float) -> bool:
    high, wide = size_of(writing, part)
    return confidence >= PLAIN and high >= PLAIN_HEIGHT * writing.height and wide <= PLAIN_WIDTH * high


def into_stretches(writing: Writing, row: Sequence[Part]) -> list[list[Part]]:
    """Where a best path is needed: split a row between neighbours that are clear digits, or too far apart to be one."""
    stretches: list[list[Part]] = []
    for before, part in zip([None, *row], row, strict=False):
        if before is not None and not (before.is_plain and part.is_plain):
            gap = writing.x[part.places].min() - writing.x[before.places].max() - 1
            if gap <= LINKED * writing.height:
                stretches[-1].append(part)
                continue
        stretches.append([part])
    return stretches


def find_best_path(writing: Writing, stretch: list[Part], cutter: Cutter, read: Predict) -> list[Part]:
    """Cut the parts of a stretch that are not clear digits, and return the best path of pieces."""
    if all(part.is_plain for part in stretch):
        return stretch
    places = np.concatenate([part.places for part in stretch])
    is_left, crossed, is_border = _cuts(writing, stretch, cutter)
    if is_border.all() and len(stretch) == 1:
        return stretch
    edges = _edges(writing, places, is_left, is_border)
    scores = score(writing, [places[is_left[b] & ~is_left[a]] for a, b in edges], read)
    path = _best_path(edges, scores - CROSSED * crossed[[b for _, b in edges]], len(is_left))
    number = (~is_left[path[1:]]).sum(axis=0)
    parts = [places[number == k] for k in range(len(path) - 1)]
    return read_parts(writing, [part for part in parts if len(part)], read)


def _cuts(writing: Writing, stretch: list[Part], cutter: Cutter) -> tuple[Bools, NDArray[np.float64], Bools]:
    """All distinct cuts of a stretch, from the left of all ink to the right of all ink.

    Returns
    -------
    (k, n) the pixels left of each cut; (k,) the ink that each crosses; (k,) whether it is a border between parts.
    """
    ends = np.cumsum([0] + [len(part.places) for part in stretch])
    place = np.arange(ends[-1])
    rows, crossed = [place < end for end in ends], [0.0] * len(ends)
    for part, start, end in zip(stretch, ends[:-1], ends[1:], strict=True):
        for cut in [] if part.is_plain else cutter(writing, part.places):
            is_left = place < start
            is_left[start:end] = cut.is_left
            rows.append(is_left)
            crossed.append(cut.crossed)
    is_left, costs = np.array(rows), np.array(crossed)
    order = np.concatenate([np.arange(len(ends)), len(ends) + np.argsort(costs[len(ends) :], kind="stable")])
    common = _common(is_left[order])
    differ = common.diagonal()[:, None] + common.diagonal() - 2 * common
    kept = list(range(len(ends)))
    for k in range(len(ends), len(order)):
        if len(kept) < len(ends) + MOST and differ[k, kept].min() > SAME * writing.pen * writing.height:
            kept.append(k)
    chosen = order[kept]
    chosen = chosen[np.argsort(is_left[chosen].sum(axis=1), kind="stable")]
    return is_left[chosen], costs[chosen], chosen < len(ends)


def _common(is_left: Bools) -> NDArray[np.float32]:
    """The number of pixels left of both of two cuts, (k, k)."""
    counted = is_left.astype(np.float32)
    return counted @ counted.T


def _edges(writing: Writing, places: Places, is_left: Bools, is_border: Bools) -> list[tuple[int, int]]:
    """Pairs of cuts, left to right, with a piece between them that may be a digit, or was a part before."""
    high = _extents(is_left, writing.y[places])
    wide = _extents(is_left, writing.x[places])
    common = _common(is_left)
    turned, area = common.diagonal()[:, None] - common, common.diagonal() - common
    may_be = (turned <= TURNED * writing.pen**2) & (area >= LEAST * writing.pen * writing.height)
    may_be &= (high >= LOWEST * writing.height) & (wide <= WIDEST * writing.height)
    for before, after in pairwise(np.flatnonzero(is_border)):
        may_be[before, after] = True
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(may_be, 1))]


def _extents(is_left: Bools, positions: Places) -> NDArray[np.intp]:
    """The extent along one axis of the pixels between each two cuts, (k, k)."""
    positions = positions - positions.min()
    counts = np.array([np.bincount(positions[mine], minlength=positions.max() + 1) for mine in is_left])
    is_there = counts[None] > counts[:, None]
    return np.where(
        is_there.any(axis=2), is_there.shape[2] - is_there[..., ::-1].argmax(axis=2) - is_there.argmax(axis=2), 0
    )


def score(writing: Writing, pieces: Sequence[Places], read: Predict) -> NDArray[np.float64]:
    """Score pieces by their probability of being a digit and by their shape; higher is better."""
    answers = read(to_images(writing, pieces)).max(axis=1)
    # A non-digit gives ten probabilities of 0.1.
    is_digit = np.log(np.maximum((answers - 0.1) / 0.9, 0) + FLOOR)
    shapes = (
        np.array([(size_of(writing, piece)[0], _widest_gap(writing.x[piece])) for piece in pieces]) / writing.height
    )
    return READ * is_digit - LOW * np.maximum(LOW_BELOW - shapes[:, 0], 0) - GAP * shapes[:, 1]


def _widest_gap(x: Places) -> int:
    """The widest gap between columns with ink."""
    return int(np.diff(np.flatnonzero(np.bincount(x - x.min()))).max(initial=1)) - 1


def _best_path(edges: Sequence[tuple[int, int]], scores: NDArray[np.float64], count: int) -> list[int]:
    """The cuts of the path from the first to the last cut whose pieces have the largest total score."""
    best, before = [0.0] + [-np.inf] * (count - 1), [0] * count
    for (a, b), score in zip(edges, scores, strict=True):  # in the order of a, so that best[a] is final
        if best[a] + score > best[b]:
            best[b], before[b] = best[a] + score, a
    path = [count - 1]
    while path[-1]:
        path.append(before[path[-1]])
    return path[::-1]
