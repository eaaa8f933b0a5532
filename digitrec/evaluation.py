"""How good a reader is: shares with their intervals, from plain arrays."""

import math

import numpy as np
from numpy.typing import NDArray

from digitrec.registry import Kind, Measurement

Z95 = 1.959964  # standard normal quantile of a two-sided 95 % interval


def measure(kind: Kind, what: str, is_right: NDArray[np.bool_]) -> Measurement:
    """The share of True among (n,) bools, n at least 1, with its 95 % interval."""
    n, right = len(is_right), int(is_right.sum())
    low, high = wilson_interval(right, n)
    return Measurement(kind=kind, what=what, n=n, share=right / n, low=low, high=high)


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `right` in `n` (Wilson, 1927), which holds near 0 and 1 too."""
    share, spread = right / n, Z95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)
