"""Whether a reader does worse for some images than for the rest: a writer's, or those with thin strokes.

a number for each image -> `in_quarters` -> names of groups
is_right, groups -> `compare_groups` -> a frame with a row for each group
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.errors import EvaluationError
from digitrec.evaluation.metrics import wilson_interval

LEVEL = 0.05  # how often chance alone may call any group worse
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def compare_groups(
    is_right: NDArray[np.bool_], groups: "Sequence[Any] | NDArray[Any] | pd.Categorical[Any] | pd.Series[Any]"
) -> pd.DataFrame:
    """Compare the errors in each group of images with those in all the others.

    Parameters
    ----------
    is_right : (n,) bool, whether each image was read rightly.
    groups : (n,) names of groups, categories or numbers. Images whose group is missing are left out altogether.

    Returns
    -------
    A frame with a row for each group, in the order of the categories or else sorted: group, n, errors, share (of
    errors, 0 to 1), low and high (its 95 % interval), p (how often chance alone would part the group so far from the
    rest, 0 to 1: Fisher's exact test, two-sided) and is_worse (more errors than the rest, and more than chance makes of
    so many groups: Holm, 1979, at `LEVEL`).

    Raises
    ------
    EvaluationError, where there are not as many groups as images.
    """
    if len(is_right) != len(groups):
        raise EvaluationError(
            f"Expected a group for each of {len(is_right):,} images. Received: {len(groups):,}. Name the group of each."
        )
    named = pd.Categorical(groups)
    known = named.codes >= 0
    codes, is_wrong = named.codes[known].astype(np.intp), ~np.asarray(is_right, bool)[known]
    n = np.bincount(codes, minlength=len(named.categories))
    errors = np.bincount(codes[is_wrong], minlength=len(named.categories))
    rows = [
        (name, k, bad, bad / k, *wilson_interval(bad, k), _exact_p(bad, k, int(is_wrong.sum()), len(is_wrong)))
        for name, k, bad in zip(named.categories, n.tolist(), errors.tolist(), strict=True)
        if k
    ]
    frame = pd.DataFrame(rows, columns=["group", "n", "errors", "share", "low", "high", "p"])
    is_above = frame["share"] * len(is_wrong) > is_wrong.sum()  # the whole, and so the rest
    return frame.assign(is_worse=is_above & (holm(frame["p"].to_numpy(np.float64)) <= LEVEL))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) p-values, each raised for being one of m (Holm, 1979): at most so often is any of them small by chance."""
    order = np.argsort(p, kind="stable")
    raised = np.empty(len(p))
    raised[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(raised, 1)


def in_quarters(values: NDArray[np.floating[Any]], names: Sequence[str] = QUARTERS) -> "pd.Categorical[str]":
    """Name the quarter of the values that each lies in, for a number such as slant or stroke width.

    Parameters
    ----------
    values : (n,) float. Equal values share a quarter, that of their middle rank, so that ties make quarters uneven.
    names : of the four quarters, from the lowest values to the highest.

    Returns
    -------
    (n,) categories, in the order of `names`; missing where the value is NaN, and everywhere where all values are equal,
    for then there is nothing to divide.
    """
    exact = np.asarray(values, np.float64)
    known, codes = ~np.isnan(exact), np.full(len(exact), -1, np.intp)
    if known.any() and exact[known].min() < exact[known].max():
        middle = (pd.Series(exact[known]).rank().to_numpy() - 0.5) / known.sum()
        codes[known] = np.floor(4 * middle)
    return pd.Categorical.from_codes(codes, pd.Index(names), ordered=True)


def _exact_p(errors: int, n: int, all_errors: int, all_n: int) -> float:
    from scipy.stats import fisher_exact  # noqa: PLC0415  half a second that nobody else should wait

    rest, rest_errors = all_n - n, all_errors - errors
    return float(fisher_exact([[errors, n - errors], [rest_errors, rest - rest_errors]]).pvalue)
