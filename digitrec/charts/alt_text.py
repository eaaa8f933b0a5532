"""Alternative texts of charts: one sentence for screen readers, from the values that the chart shows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.words import with_article

MOST = 3  # confusions that are listed
SURE = 0.9  # below it, answers are counted


def tell_confusions(counts: NDArray[np.int64]) -> str:
    """The counts of `metrics.confusion`, (10, 10), rows as they are: how many are wrong, and the most."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST]
    pairs = [(*divmod(int(place), 10), int(wrong.flat[place])) for place in order if wrong.flat[place]]
    total = f"Of {int(counts.sum()):,} images {int(wrong.sum()):,} are misclassified"
    most = ", ".join(f"{with_article(label)} as {with_article(read)} {n:,} times" for label, read, n in pairs)
    return f"{total}, most often {most}." if pairs else f"{total}."


def tell_curve(history: pd.DataFrame, what: str) -> str:
    """How "accuracy" or "loss" went from the first epoch to the last; `history` has a row an epoch, maybe none."""
    if not len(history):
        return f"The {what}; there are no values yet."
    parts = [
        f"{name} {_tell_change(history[column], what)}"
        for column, name in ((what, "training"), (f"val_{what}", "validation"))
    ]
    return f"The {what} after {_tell_epochs(len(history))}: {', '.join(parts)}."


def tell_curves(histories: Mapping[str, pd.DataFrame], what: str) -> str:
    """How "val_accuracy" or "val_loss" went in several trainings, by their names."""
    plain = what.removeprefix("val_")
    parts = [
        f"{name} {_tell_change(history[what], plain)} in {_tell_epochs(len(history))}"
        for name, history in histories.items()
    ]
    return f"The validation {plain}: {'; '.join(parts)}."


def tell_strengths(tables: Mapping[str, pd.DataFrame], unit: str) -> str:
    """What each model still reads at the least and at the greatest strength, from `accuracy_by_strength`."""
    parts = []
    for name, table in tables.items():
        first, last = table.iloc[0], table.iloc[-1]
        parts.append(
            f"{name} reads {100 * first['share']:.1f} % at {first['amount']:g} {unit} "
            f"and {100 * last['share']:.1f} % at {last['amount']:g}"
        )
    return f"Accuracy by strength: {'; '.join(parts)}."


def tell_confidences(confidence: NDArray[np.floating], is_right: NDArray[np.bool_]) -> str:
    """How many of the right and of the wrong answers, (n,) each, are far from sure."""
    is_low = confidence < SURE
    parts = [
        f"{int((is_low & chosen).sum()):,} of {int(chosen.sum()):,} {name} answers"
        for chosen, name in ((is_right, "right"), (~is_right, "wrong"))
    ]
    return f"Answers by confidence: {' and '.join(parts)} have less than {100 * SURE:.0f} %."


def tell_middles(values: NDArray[np.float64], labels: NDArray[np.uint8], what: str, unit: str) -> str:
    """The median of each digit's values, (n,) as its labels are, in the order of the digits."""
    middles = [
        f"{digit} {np.median(values[labels == digit]):.0f}{unit}" for digit in range(10) if (labels == digit).any()
    ]
    return f"The median {what} of each digit: {', '.join(middles)}."


def _tell_change(values: pd.Series, what: str) -> str:
    first, last = (_tell_value(float(value), what) for value in (values.iloc[0], values.iloc[-1]))
    return last if len(values) == 1 else f"from {first} to {last}"


def _tell_value(value: float, what: str) -> str:
    return f"{100 * value:.1f} %" if what == "accuracy" else f"{value:.3f}"


def _tell_epochs(count: int) -> str:
    return "one epoch" if count == 1 else f"{count} epochs"
