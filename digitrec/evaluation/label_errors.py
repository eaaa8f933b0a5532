"""Which labels are probably wrong, by what a reader thinks of the images.

labels, probabilities -> `find_suspects`, `rank_doubts` -> a frame with a row for each suspect, worst first
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.evaluation.metrics import check_probabilities

ROUNDING = 1e-6  # equal probabilities may differ in the last digits of float32


def find_suspects(labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]) -> pd.DataFrame:
    """Find labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang, 2021).

    A digit is credible for an image where its probability is at least the mean that the images labelled so have for it.
    An image whose likeliest credible digit is not its label stands off the diagonal of the confident joint: a suspect.
    The reader should not have learned from these labels, or it may have learned their errors by heart.

    Parameters
    ----------
    labels : (n,), 0 to 9, n at least 1. A digit that no image is labelled with is never suggested.
    probabilities : (n, 10), float32 as a classifier gives them.

    Returns
    -------
    A frame, worst first: place (in `labels`), label, suggested (the likeliest credible digit), self_confidence (the
    label's probability, 0 to 1) and margin (by how much the suggested digit is likelier, -1 to 1), which ranks them.

    Raises
    ------
    EvaluationError, as `check_probabilities` does.
    """
    check_probabilities(probabilities, labels)
    exact = probabilities.astype(np.float64)
    credible = np.where(exact >= _thresholds(labels, exact) - ROUNDING, exact, -1)
    suggested = credible.argmax(axis=1)
    places = np.flatnonzero((credible.max(axis=1) >= 0) & (suggested != labels))
    own = exact[places, labels[places]]
    margin = exact[places, suggested[places]] - own
    order = np.argsort(-margin, kind="stable")
    return pd.DataFrame(
        {
            "place": places[order],
            "label": labels[places][order],
            "suggested": suggested[places][order],
            "self_confidence": own[order],
            "margin": margin[order],
        }
    )


def rank_doubts(labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]) -> pd.DataFrame:
    """The suspects of `find_suspects`, and after them whatever else the reader reads as another digit.

    Confident learning lets an unclear image go; whoever has the time can judge it all the same.

    Parameters
    ----------
    labels, probabilities : (n,) and (n, 10), 0 to 1, by readers that have not learned from these images.

    Returns
    -------
    The frame of `find_suspects`, longer, with is_suspect.
    """
    suspects = find_suspects(labels, probabilities).assign(is_suspect=True)
    read = probabilities.argmax(axis=1)
    places = np.setdiff1d(np.flatnonzero(read != labels), suspects["place"])
    own = probabilities[places, labels[places]].astype(np.float64)
    margin = probabilities[places, read[places]] - own
    order = np.argsort(-margin, kind="stable")
    rest = {
        "place": places,
        "label": labels[places],
        "suggested": read[places],
        "self_confidence": own,
        "margin": margin,
    }
    others = pd.DataFrame({name: values[order] for name, values in rest.items()}).assign(is_suspect=False)
    return pd.concat([suspects, others], ignore_index=True) if len(others) else suspects


def _thresholds(labels: NDArray[np.uint8], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean probability of each digit over the images labelled so, (10,); infinite where there are none."""
    n = np.bincount(labels, minlength=10)
    total = np.bincount(labels, weights=probabilities[np.arange(len(labels)), labels], minlength=10)
    return np.where(n > 0, total / np.maximum(n, 1), np.inf)
