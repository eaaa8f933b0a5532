"""Confidence intervals and significance tests: Wilson, McNemar, Fisher, and Holm's correction."""

import math

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964  # standard normal quantile of a two-sided 95 % interval


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion, `right` of `n` (Wilson, 1927), which also holds near 0 and 1.

    (0, 1) where n is 0.
    """
    if not n:
        return 0.0, 1.0
    proportion, spread = right / n, Z95**2 / n
    middle = (proportion + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(proportion * (1 - proportion) / n + spread / (4 * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def mcnemar(only_first: int, only_second: int) -> float:
    """The p-value of McNemar's exact test (1947), 0 to 1: how often chance alone makes two models differ this much.

    `only_first` and `only_second` count the images that only the first or only the second model classifies correctly.
    """
    from scipy.stats import binomtest  # noqa: PLC0415  importing it takes half a second

    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) p-values, corrected for multiple comparisons by the step-down method of Holm (1979)."""
    order = np.argsort(p, kind="stable")
    raised = np.empty(len(p))
    raised[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(raised, 1)


def fisher(errors: int, n: int, all_errors: int, all_n: int) -> float:
    """The p-value of Fisher's exact test, two-sided: `errors` of `n` against the rest of `all_errors` of `all_n`."""
    from scipy.stats import fisher_exact  # noqa: PLC0415  importing it takes half a second

    rest, rest_errors = all_n - n, all_errors - errors
    return float(fisher_exact([[errors, n - errors], [rest_errors, rest - rest_errors]]).pvalue)
