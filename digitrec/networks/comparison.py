"""Comparing the readers on a model card: in which order, and over which drawings they disagree."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digitrec.evaluation.metrics import Measurement
from digitrec.networks.card import Rejection, Rival


def weakest_first(figures: Sequence[Measurement]) -> list[Measurement]:
    """The figures sorted by the smallest share of their `what`, those of the same `what` together as they came."""
    smallest: dict[str, float] = {}
    for figure in figures:
        smallest[figure.what] = min(figure.share, smallest.get(figure.what, 1.0))
    order = sorted(smallest, key=lambda what: smallest[what])
    return [figure for what in order for figure in figures if figure.what == what]


def share_refused(refusal: Rejection, shares: Sequence[float], line: float) -> float:
    """The share answered "not sure" at a threshold, on the straight line between the two beside it; 0 of none."""
    points = list(zip(refusal.thresholds, shares, strict=False))
    return float(np.interp(line, *np.transpose(points))) if points else 0.0


def best_first(rivals: Sequence[Rival]) -> list[Rival]:
    """The readers sorted by the share of prepared drawings that they read."""
    return sorted(rivals, key=lambda rival: -rival.prepared.share)


def name_readers(rivals: Sequence[Rival]) -> list[str]:
    """A name for each that no other has: its own, with its recipe where it takes that, with a number where it must."""
    names = [rival.name for rival in rivals]
    told = [f"{rival.name}, {rival.recipe}" if names.count(rival.name) > 1 else rival.name for rival in rivals]
    return [
        f"{name} ({told[:place].count(name) + 1})" if told.count(name) > 1 else name for place, name in enumerate(told)
    ]


def find_most_divided(answers: Sequence[Sequence[int]], most: int) -> list[int]:
    """The places, at most so many, over which readers part the most, from the answers of each, all as long.

    They part by the share of pairs of readers that disagree. Where they part alike, the first place comes first; where
    all agree, there is none.
    """
    parted = parting(answers)
    order = np.argsort(-parted, kind="stable")
    return [int(place) for place in order[:most] if parted[place] > 0]


def parting(answers: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """For each place, the share of ordered pairs of readers, each with itself too, whose answers differ."""
    alike = [sum(n * n for n in Counter(column).values()) for column in zip(*answers, strict=True)]
    return 1 - np.array(alike, np.float64) / max(len(answers), 1) ** 2
