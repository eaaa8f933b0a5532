"""Comparing the networks on a model card: in which order, and over which drawings they disagree."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digitrec.evaluation.metrics import Measurement
from digitrec.networks.card import Rejection, Rival


def weakest_first(figures: Sequence[Measurement]) -> list[Measurement]:
    """The figures on a card, sorted by the lowest value of their group `what`; a group stays together, in its order."""
    smallest: dict[str, float] = {}
    for figure in figures:
        smallest[figure.what] = min(figure.value, smallest.get(figure.what, 1.0))
    order = sorted(smallest, key=lambda what: smallest[what])
    return [figure for what in order for figure in figures if figure.what == what]


def rejection_rate(rejection: Rejection, rates: Sequence[float], threshold: float) -> float:
    """The rejection rate on a card at a threshold, interpolated between its neighbours; 0 if there are none."""
    points = list(zip(rejection.thresholds, rates, strict=False))
    return float(np.interp(threshold, *np.transpose(points))) if points else 0.0


def best_first(rivals: Sequence[Rival]) -> list[Rival]:
    """The other networks on a card, sorted by their accuracy on preprocessed drawings."""
    return sorted(rivals, key=lambda rival: -rival.prepared.value)


def name_rivals(rivals: Sequence[Rival]) -> list[str]:
    """A unique name for each network on a card: its own, with its recipe if needed, or with a number."""
    names = [rival.name for rival in rivals]
    labels = [f"{rival.name}, {rival.recipe}" if names.count(rival.name) > 1 else rival.name for rival in rivals]
    return [
        f"{name} ({labels[:place].count(name) + 1})" if labels.count(name) > 1 else name
        for place, name in enumerate(labels)
    ]


def find_most_disputed(answers: Sequence[Sequence[int]], most: int) -> list[int]:
    """At most `most` places where the networks disagree most, from the answers of each network, all equally long.

    Disagreement is the proportion of pairs that differ. Ties keep their order; places where all agree are left out.
    """
    disagreement = measure_disagreement(answers)
    order = np.argsort(-disagreement, kind="stable")
    return [int(place) for place in order[:most] if disagreement[place] > 0]


def measure_disagreement(answers: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """For each place, the proportion of ordered pairs of networks, including each with itself, whose answers differ."""
    alike = [sum(n * n for n in Counter(column).values()) for column in zip(*answers, strict=True)]
    return 1 - np.array(alike, np.float64) / max(len(answers), 1) ** 2
