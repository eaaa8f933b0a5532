"""How good a reader is: shares with their intervals, from plain arrays."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.registry import Kind, Measurement

Z95 = 1.959964  # standard normal quantile of a two-sided 95 % interval


def measure(kind: Kind, what: str, is_right: NDArray[np.bool_]) -> Measurement:
    """The share of True among (n,) bools, n at least 1, with its 95 % interval."""
    n, right = len(is_right), int(is_right.sum())
    low, high = wilson_interval(right, n)
    return Measurement(kind=kind, what=what, n=n, share=right / n, low=low, high=high)


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """The mean loss of (n, 10) probabilities for (n,) labels, as Keras computes it."""
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(right, 1e-7, 1)).mean())


def confusion(labels: NDArray[np.uint8], read: NDArray[np.intp]) -> NDArray[np.int64]:
    """How often each digit (row) was read as each (column): (10, 10) int64 from (n,) labels and (n,) digits read."""
    return np.bincount(labels.astype(np.int64) * 10 + read, minlength=100).reshape(10, 10)


def worst_first(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The places of the digits read wrongly, those first to whose label the least probability was given."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(probabilities[wrong, labels[wrong]], kind="stable")]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two readers of the same images.

    Attributes
    ----------
    both_right, both_wrong : how many images.
    only_first, only_second : the places of those that one alone read rightly.
    p : how often chance alone would part them so far, as `mcnemar` has it.
    """

    both_right: int
    both_wrong: int
    only_first: NDArray[np.intp]
    only_second: NDArray[np.intp]
    p: float


def compare(labels: NDArray[np.uint8], first: NDArray[np.intp], second: NDArray[np.intp]) -> Comparison:
    """Compare the digits that two readers read, (n,) each, with the labels."""
    one, other = first == labels, second == labels
    only_first, only_second = np.flatnonzero(one & ~other), np.flatnonzero(other & ~one)
    p = mcnemar(len(only_first), len(only_second))
    return Comparison(int((one & other).sum()), int((~one & ~other).sum()), only_first, only_second, p)


def mcnemar(only_first: int, only_second: int) -> float:
    """How often chance alone parts two readers so far, 0 to 1: McNemar's exact test (1947).

    Of the images that just one of the two reads rightly, the first alone read `only_first`, the second `only_second`.
    """
    from scipy.stats import binomtest  # noqa: PLC0415  half a second that nobody else should wait

    parted = only_first + only_second
    return float(binomtest(only_first, parted).pvalue) if parted else 1.0


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `right` in `n` (Wilson, 1927), which holds near 0 and 1 too."""
    share, spread = right / n, Z95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)
