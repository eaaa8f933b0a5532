"""The figures on a model card: the key figures, their order, and the names of the networks compared there."""

from collections.abc import Sequence

import numpy as np

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


def find_key_figures(measured: Sequence[Measurement]) -> dict[str, Measurement]:
    """The key figures on a card, by their titles: those that models are compared by, or the first accuracy."""
    accuracies = [one for one in measured if one.kind == "accuracy"]
    marks = {  # in cards of now, and of before
        "MNIST accuracy": ("MNIST test",),
        "Pen digit accuracy": ("without pen path", "ink alone"),
        "With pen path": ("with pen path", "ink and path"),
    }
    found = {
        title: one
        for title, either in marks.items()
        if (one := next((one for one in accuracies if any(mark in one.what for mark in either)), None))
    }
    return found or ({"Accuracy": accuracies[0]} if accuracies else {})
