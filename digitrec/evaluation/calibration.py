"""Calibration: whether confidence can be taken at its word, and what a threshold for "not sure" would do.

probabilities, labels -> `reliability` -> a frame with a row for each bin          bins -> `pool` -> fewer, fuller bins
probabilities, labels -> `fit_temperature` -> `with_temperature` -> probabilities that fit better
probabilities, labels -> `coverage` -> a frame with a row for each threshold
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from digitrec.errors import EvaluationError
from digitrec.evaluation.metrics import Proportion, check_probabilities
from digitrec.evaluation.significance import wilson_interval

REJECTED = 0.01  # at most this proportion of real digits may be answered "not sure"
TIMES = 200  # simulated readers
BINS = 15  # as Guo et al. (2017) have it
COLDEST, HOTTEST = 0.01, 100.0
LEAST = float(np.finfo(np.float32).tiny)  # a softmax that gives 0 has underflowed
# Most confidences of a good model differ from 1 only in the third decimal place or later.
THRESHOLDS = np.concatenate([np.arange(99) / 100, 1 - np.geomspace(0.01, 1e-6, 41), [1.0]])


class Bin(BaseModel):
    """One bin of a reliability diagram: confidence and accuracy of the answers with a confidence from `low` to `high`.

    Attributes
    ----------
    n : the number of answers.
    confidence, accuracy : their mean confidence, and the proportion that is correct.
    accuracy_low, accuracy_high : the 95 % confidence interval of the accuracy (Wilson).
    """

    model_config = ConfigDict(frozen=True)
    low: Proportion
    high: Proportion
    n: int = Field(gt=0)
    confidence: Proportion
    accuracy: Proportion
    accuracy_low: Proportion
    accuracy_high: Proportion


class Calibration(BaseModel):
    """Calibration on the drawings `what`.

    Attributes
    ----------
    expected_calibration_error, bins : the error, and the bins that it is computed from.
    by_chance : the error that a perfectly calibrated model would have on as many drawings, on average.
    """

    model_config = ConfigDict(frozen=True)
    what: str
    n: int = Field(gt=0)
    expected_calibration_error: Proportion = Field(validation_alias=AliasChoices("expected_calibration_error", "error"))
    by_chance: Proportion = 0.0
    bins: tuple[Bin, ...]


def reliability(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.uint8], bins: int = BINS) -> pd.DataFrame:
    """The reliability diagram: confidence and accuracy in `bins` equally wide bins of confidence.

    Parameters
    ----------
    probabilities : (n, 10), float32 as a classifier gives them, n at least 1; `labels` (n,), 0 to 9.

    Returns
    -------
    A frame with a row for each bin that is not empty: low, high (the bin's ends, 0 to 1; a confidence on an end
    belongs to the lower bin), n, confidence (the mean), accuracy, accuracy_low and accuracy_high
    (its 95 % confidence interval).

    Raises
    ------
    EvaluationError, as `check_probabilities` does.
    """
    check_probabilities(probabilities, labels)
    confidence, is_right = _confidences(probabilities, labels)
    edges, places = _bins(confidence, bins)
    n, right = np.bincount(places, minlength=bins), np.bincount(places[is_right], minlength=bins)
    total = np.bincount(places, weights=confidence, minlength=bins)
    filled = np.flatnonzero(n)
    intervals = np.array([wilson_interval(int(right[i]), int(n[i])) for i in filled])
    return pd.DataFrame(
        {
            "low": edges[filled],
            "high": edges[filled + 1],
            "n": n[filled],
            "confidence": total[filled] / n[filled],
            "accuracy": right[filled] / n[filled],
            "accuracy_low": intervals[:, 0],
            "accuracy_high": intervals[:, 1],
        }
    )


def _bins(confidence: NDArray[np.float64], bins: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The edges of `bins` equally wide bins, and the bin that each confidence lies in."""
    edges = np.linspace(0, 1, bins + 1)
    return edges, np.searchsorted(edges[1:-1], confidence)


def pool(bins: Sequence[Bin], fewest: int) -> list[Bin]:
    """Merge neighbouring bins, from the least confident up, until each holds at least `fewest` answers.

    What is left over joins the last bin. Fewer than `fewest` answers in all make a single bin.
    """
    pooled: list[Bin] = []
    waiting: list[Bin] = []
    for one in sorted(bins, key=lambda part: part.low):
        waiting.append(one)
        if sum(part.n for part in waiting) >= fewest:
            pooled.append(_put_together(waiting))
            waiting = []
    return [*pooled[:-1], _put_together([*pooled[-1:], *waiting])] if waiting else pooled


def to_frame(bins: Sequence[Bin]) -> pd.DataFrame:
    """Bins as a frame of the same columns as `reliability` gives."""
    return pd.DataFrame([one.model_dump() for one in bins], columns=list(Bin.model_fields))


def _put_together(bins: Sequence[Bin]) -> Bin:
    n = sum(part.n for part in bins)
    right = round(sum(part.n * part.accuracy for part in bins))
    low, high = wilson_interval(right, n)
    return Bin(
        low=bins[0].low,
        high=bins[-1].high,
        n=n,
        confidence=min(1.0, sum(part.n * part.confidence for part in bins) / n),
        accuracy=right / n,
        accuracy_low=low,
        accuracy_high=high,
    )


def expected_calibration_error(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.uint8], bins: int = BINS
) -> float:
    """How far confidence and accuracy lie apart, 0 to 1, averaged over the images (Naeini, Cooper, Hauskrecht, 2015).

    Chance alone sets them apart a little in every bin, so fewer images give a larger error.

    Raises
    ------
    EvaluationError, as `check_probabilities` does.
    """
    frame = reliability(probabilities, labels, bins)
    return float(np.average((frame["accuracy"] - frame["confidence"]).abs(), weights=frame["n"]))


def calibration_error_by_chance(probabilities: NDArray[np.floating[Any]], bins: int = BINS) -> float:
    """The calibration error that a perfectly calibrated model would have on these images, on average.

    Each of (n, 10) `probabilities` is taken to be correct as often as it says, simulated `TIMES` times. A measured
    error is below this only by luck.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_in = np.eye(bins)[_bins(confidence, bins)[1]]
    is_right = np.random.default_rng(0).random((TIMES, len(confidence))) < confidence
    return float(np.abs((is_right - confidence) @ is_in).sum(axis=1).mean() / len(confidence))


def fit_temperature(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.uint8], shares: NDArray[np.float64] | None = None
) -> float:
    """The temperature that maximises the likelihood of the labels (Guo, Pleiss, Sun and Weinberger, 2017).

    Above 1 the model was overconfident, below 1 underconfident. If every answer is correct, any sufficiently
    low temperature is as good, and one of them is returned. Evaluate the result on images that it was not fitted to.

    Parameters
    ----------
    probabilities : (n, k), where k is 10 if each is a digit's; `labels` (n,), 0 to 9.
    shares : (k, 10), how each of the k outputs is distributed over the ten digits after scaling, as
        `digitrec.networks.architectures.SHARES`; None for one output per digit.

    Returns
    -------
    A number from `COLDEST` to `HOTTEST`, for `with_temperature`.

    Raises
    ------
    EvaluationError, as `check_probabilities` does.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415  importing it takes half a second
    from scipy.special import log_softmax, logsumexp  # noqa: PLC0415

    check_probabilities(probabilities if shares is None else probabilities @ shares, labels)
    logs, to_right_one = _logs(probabilities), (np.eye(10) if shares is None else shares)[:, labels].T

    def loss(log_temperature: float) -> float:
        cooled = log_softmax(logs / np.exp(log_temperature), axis=1)
        return -float(logsumexp(cooled, b=to_right_one, axis=1).mean())

    ends = (np.log(COLDEST), np.log(HOTTEST))
    return float(np.exp(minimize_scalar(loss, bounds=ends, method="bounded").x))


def with_temperature(probabilities: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """(n, 10) probabilities with another temperature: the same ranking of digits, another confidence.

    Returns
    -------
    (n, 10) float64, each row sums to 1: in float32 two close probabilities could become equal under a high temperature,
    and the predicted digit could change.

    Raises
    ------
    EvaluationError, where the temperature is not a finite number above 0.
    """
    from scipy.special import softmax  # noqa: PLC0415  importing it takes half a second

    if not 0 < temperature < np.inf:
        raise EvaluationError(
            f"Expected a temperature above 0. Received: {temperature}. Take 1 to change nothing, or fit one."
        )
    return softmax(_logs(probabilities) / temperature, axis=1)


def coverage(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.uint8], rejected: NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Coverage and error at each threshold of confidence below which the answer would be "not sure".

    Parameters
    ----------
    probabilities, labels : (n, 10), 0 to 1, each row summing to 1, and (n,).
    rejected : (n,), the images that are not answered at any confidence; None: there are none.

    Returns
    -------
    A frame with a row for each of `THRESHOLDS`, rising: threshold (the least confidence that is answered), n (images
    answered), coverage (their proportion, 0 to 1), errors, error (the error rate among the answered, NaN where none
    is), error_low and error_high (its 95 % confidence interval, 0 to 1 where none is answered).

    Raises
    ------
    EvaluationError, as `check_probabilities` does.
    """
    check_probabilities(probabilities, labels)
    confidence, is_right = _confidences(probabilities, labels)
    if rejected is not None:
        confidence = np.where(rejected, -np.inf, confidence)
    rows = []
    for threshold in THRESHOLDS:
        answered = confidence >= threshold
        n, errors = int(answered.sum()), int((answered & ~is_right).sum())
        rows.append((threshold, n, n / len(labels), errors, errors / n if n else np.nan, *wilson_interval(errors, n)))
    return pd.DataFrame(rows, columns=["threshold", "n", "coverage", "errors", "error", "error_low", "error_high"])


def _confidences(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels


def _logs(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), LEAST))
