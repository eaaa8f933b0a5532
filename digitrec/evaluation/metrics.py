"""Metrics of a classifier: accuracy, confusion, precision and recall, with confidence intervals, from plain arrays."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from digitrec.errors import EvaluationError
from digitrec.evaluation.significance import mcnemar, wilson_interval

FORMER_KINDS = {"read": "accuracy", "doubted": "unsure", "refused": "rejected", "school": "style"}  # in older cards
Kind = Literal["accuracy", "unsure", "rejected", "digit", "style", "width"]
Proportion = Annotated[float, Field(ge=0, le=1)]

MOST = 1 + 1e-5  # a softmax in float32 may exceed 1 in its last digits


def _present_kind(kind: Any) -> Any:
    return FORMER_KINDS.get(kind, kind) if isinstance(kind, str) else kind


class Measurement(BaseModel):
    """One figure of a model card: a proportion of n, with its 95 % confidence interval (Wilson).

    Attributes
    ----------
    kind : "accuracy"; "unsure" is the proportion of digits answered "not sure", "rejected" that of non-digits;
        "digit", "style" and "width" are the accuracy on one digit, one writing style, one stroke width.
    what : which drawings.
    n, value, low, high : the number of drawings, the proportion, and the ends of its interval.
    on : which of several sets they are from, where there are several.
    """

    model_config = ConfigDict(frozen=True)
    kind: Annotated[Kind, BeforeValidator(_present_kind)]
    what: str
    n: int = Field(gt=0)
    value: Proportion = Field(validation_alias=AliasChoices("value", "share"))
    low: Proportion
    high: Proportion
    on: str = ""


def check_probabilities(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> None:
    """Check that metrics can be computed from these probabilities and labels.

    Raises
    ------
    EvaluationError, unless `probabilities` are (n, 10) from 0 to 1 and `labels` (n,) integers from 0 to 9, with n at
    least 1.
    """
    if probabilities.ndim != 2 or labels.ndim != 1 or probabilities.shape != (len(labels), 10):
        raise EvaluationError(
            "Expected probabilities of shape (n, 10) and n labels. "
            f"Received: shapes {probabilities.shape} and {labels.shape}. Predict the images that the labels belong to."
        )
    if not len(labels):
        raise EvaluationError("Expected at least one image. Received: none. Choose a part of the data that has images.")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() > 9:
        found = labels[~np.isin(labels, np.arange(10))][:1].tolist() or [f"type {labels.dtype}"]
        raise EvaluationError(
            f"Expected labels that are whole numbers from 0 to 9. Received: {found[0]}. Correct the labels."
        )
    is_wrong = ~((probabilities >= 0) & (probabilities <= MOST)).all(axis=1)  # NaN is neither
    if is_wrong.any():
        place = int(is_wrong.argmax())
        worst = next(value for value in probabilities[place].tolist() if not 0 <= value <= MOST)
        raise EvaluationError(
            f"Expected probabilities from 0 to 1. Received: {worst:.3g} for image {place}, the first of "
            f"{int(is_wrong.sum()):,} such images. Use a model that ends in a softmax and whose training did not fail."
        )


def measure_proportion(kind: Kind, what: str, is_right: NDArray[np.bool_]) -> Measurement:
    """A metric: the proportion of True among (n,) bools, n at least 1, with its 95 % confidence interval."""
    n, right = len(is_right), int(is_right.sum())
    low, high = wilson_interval(right, n)
    return Measurement(kind=kind, what=what, n=n, value=right / n, low=low, high=high)


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """The mean cross-entropy (log loss) of (n, 10) probabilities for (n,) labels, clipped as Keras clips it."""
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(right, 1e-7, 1)).mean())


def confusion(labels: NDArray[np.uint8], read: NDArray[np.intp]) -> NDArray[np.int64]:
    """The confusion matrix: how often each digit (row) was read as each (column), (10, 10) int64.

    From (n,) labels and (n,) predicted digits.
    """
    return np.bincount(labels.astype(np.int64) * 10 + read, minlength=100).reshape(10, 10)


def per_digit(labels: NDArray[np.uint8], read: NDArray[np.intp]) -> pd.DataFrame:
    """Precision, recall and F1 score of each digit, from (n,) labels and (n,) predicted digits, n at least 1.

    Returns
    -------
    A frame of ten rows: digit, precision, recall, recall_low and recall_high (its 95 % confidence interval), f1 and
    support (the number of images with that label). Where there are no images to divide by, the figure is 0.
    """
    from sklearn.metrics import precision_recall_fscore_support  # noqa: PLC0415  importing it takes a second

    precision, recall, f1, support = precision_recall_fscore_support(labels, read, labels=range(10), zero_division=0)
    right = np.bincount(labels[labels == read], minlength=10)
    intervals = np.array([wilson_interval(int(k), int(n)) for k, n in zip(right, support, strict=True)])
    return pd.DataFrame(
        {
            "digit": range(10),
            "precision": precision,
            "recall": recall,
            "recall_low": intervals[:, 0],
            "recall_high": intervals[:, 1],
            "f1": f1,
            "support": support,
        }
    )


@dataclass(frozen=True, eq=False)
class Comparison:
    """The predictions of two models for the same images.

    Attributes
    ----------
    both_right : the number of images that both classify correctly.
    both_wrong, only_first, only_second : the places of the images that neither, only the first, or only the second
        model classifies correctly.
    p : the p-value of `mcnemar`.
    """

    both_right: int
    both_wrong: NDArray[np.intp]
    only_first: NDArray[np.intp]
    only_second: NDArray[np.intp]
    p: float


def compare_predictions(labels: NDArray[np.uint8], first: NDArray[np.intp], second: NDArray[np.intp]) -> Comparison:
    """Metrics of two models: compare the digits that they predicted, (n,) each, with the labels."""
    one, other = first == labels, second == labels
    only_first, only_second = np.flatnonzero(one & ~other), np.flatnonzero(other & ~one)
    p = mcnemar(len(only_first), len(only_second))
    return Comparison(int((one & other).sum()), np.flatnonzero(~one & ~other), only_first, only_second, p)
