"""A model's predictions for labelled images, as a table to sort and filter.

probabilities, labels, properties -> `tabulate` -> one row per image -> `find` -> the places to look at
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.evaluation.metrics import check_probabilities

WHICH = ("wrong", "right", "all")
# Name -> column of `tabulate`, and whether the largest come first.
ORDERS: dict[str, tuple[str, bool]] = {
    "largest loss": ("loss", True),
    "most confident": ("confidence", True),
    "least confident": ("confidence", False),
    "closest call": ("margin", False),
    "most unusual": ("unusual", True),
    "most ink": ("ink", True),
    "least ink": ("ink", False),
    "as they come": ("place", False),
}


@dataclass(frozen=True)
class Filter:
    """Which predictions to show.

    Attributes
    ----------
    which : one of `WHICH`.
    label, read : the labelled and the predicted digit; None: any.
    writer : number of the writer; None: any.
    ink, slant : smallest and largest value, in the units of `properties.measure_images`; None: any.
    order : one of `ORDERS`.
    """

    which: str = "wrong"
    label: int | None = None
    read: int | None = None
    writer: int | None = None
    ink: tuple[float, float] | None = None
    slant: tuple[float, float] | None = None
    order: str = "largest loss"


def tabulate(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    properties: pd.DataFrame,
    writers: NDArray[np.integer] | None = None,
) -> pd.DataFrame:
    """What a model predicts for each of n images.

    Parameters
    ----------
    probabilities, labels : (n, 10) and (n,).
    properties : the frame of `digitrec.datasets.exploration.properties.measure_images` for the same images.
    writers : (n,) numbers of the writers, where they are known.

    Returns
    -------
    A frame of n rows: place, label, read (the likeliest digit), right, confidence (its probability), loss
    (cross-entropy), margin (confidence minus the second-highest probability), the columns of `properties`, and
    writer (-1 where it is not known).

    Raises
    ------
    EvaluationError, as `check_probabilities` does.
    """
    check_probabilities(probabilities, labels)
    read = probabilities.argmax(axis=1)
    ordered = np.sort(probabilities, axis=1)
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    table = pd.DataFrame(
        {
            "place": np.arange(len(labels)),
            "label": labels.astype(np.int64),
            "read": read,
            "right": read == labels,
            "confidence": ordered[:, -1],
            "loss": -np.log(np.clip(own, 1e-7, 1)),
            "margin": ordered[:, -1] - ordered[:, -2],
        }
    )
    table = table.join(properties.reset_index(drop=True))
    return table.assign(writer=-1 if writers is None else writers)


def find(table: pd.DataFrame, chosen: Filter) -> NDArray[np.intp]:
    """The places of the predictions that pass the filter, in its order; ties keep the order of the data."""
    keep = {"wrong": ~table["right"], "right": table["right"], "all": pd.Series(True, table.index)}[chosen.which]
    for column in ("label", "read", "writer"):
        if (value := getattr(chosen, column)) is not None:
            keep = keep & (table[column] == value)
    for column in ("ink", "slant"):
        if (limits := getattr(chosen, column)) is not None:
            keep = keep & table[column].between(*limits)
    column, largest_first = ORDERS[chosen.order]
    kept = table[keep]
    values = kept[column].to_numpy()
    return kept["place"].to_numpy()[np.argsort(-values if largest_first else values, kind="stable")]


def worst_first(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The places, (k,), of the wrong predictions, largest loss first.

    `probabilities` are (n, 10), 0 to 1, and `labels` (n,).
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(probabilities[wrong, labels[wrong]], kind="stable")]


def list_mistakes(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.uint8]) -> pd.DataFrame:
    """The wrong predictions, in the order of `worst_first`, from (n, 10) probabilities and (n,) labels.

    Returns
    -------
    A frame with a row for each: place, label, read, confidence (probability of the digit read, 0 to 1),
    label_probability, and p0 to p9.
    """
    places = worst_first(probabilities, labels)
    wrong = probabilities[places]
    frame = pd.DataFrame({"place": places, "label": labels[places], "read": wrong.argmax(axis=1)})
    frame["confidence"] = wrong.max(axis=1)
    frame["label_probability"] = wrong[np.arange(len(places)), labels[places]]
    return frame.join(pd.DataFrame(wrong, columns=[f"p{digit}" for digit in range(10)]))


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
