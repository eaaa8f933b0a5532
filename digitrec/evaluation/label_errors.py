"""Label errors: which labels are probably wrong, judged by a model that did not learn from them.

labels, probabilities -> `find_suspects`, `rank_doubts` -> a frame of suspects, worst first
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.evaluation.metrics import check_probabilities

ROUNDING = 1e-6  # equal probabilities may differ in the last digits of float32


def find_suspects(labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]) -> pd.DataFrame:
    """Find probable label errors by confident learning (Northcutt, Jiang and Chuang, 2021).

    A digit is credible for an image if its probability is at least the mean probability that images with that label
    have for it. An image whose likeliest credible digit is not its label lies off the diagonal of the confident joint:
    a suspect. The model must not have been trained on these labels, or it may have memorised their errors.

    Parameters
    ----------
    labels : (n,), 0 to 9, n at least 1. A digit that is no image's label is never suggested.
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
    """The suspects of `find_suspects`, followed by every other image that is predicted to be another digit.

    Confident learning passes over ambiguous images; people who have the time can review those, too.

    Parameters
    ----------
    labels, probabilities : (n,) and (n, 10), 0 to 1, from models that were not trained on these images.

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
    """The mean probability of each digit over the images with that label, (10,); infinite where there are none."""
    n = np.bincount(labels, minlength=10)
    total = np.bincount(labels, weights=probabilities[np.arange(len(labels)), labels], minlength=10)
    return np.where(n > 0, total / np.maximum(n, 1), np.inf)
