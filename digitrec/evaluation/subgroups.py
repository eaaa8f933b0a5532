"""Whether a model does worse on some group of images than on the rest: one writer's, or those with thin strokes.

a value per image -> `in_quarters` -> groups
is_right, groups -> `compare_groups` -> one row per group
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.errors import EvaluationError
from digitrec.evaluation.significance import fisher, holm, wilson_interval

LEVEL = 0.05  # significance level over all groups together
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def compare_groups(
    is_right: NDArray[np.bool_], groups: "Sequence[Any] | NDArray[Any] | pd.Categorical[Any] | pd.Series[Any]"
) -> pd.DataFrame:
    """Compare the error rate of each group of images with that of all the others.

    Parameters
    ----------
    is_right : (n,) bool, whether each image is classified correctly.
    groups : (n,) names of groups, categories or numbers. Images without a group are left out.

    Returns
    -------
    A frame with a row for each group, in the order of the categories or else sorted: group, n, errors, error_rate
    (0 to 1), low and high (its 95 % confidence interval), p (p-value against the rest: Fisher's exact test,
    two-sided) and is_worse (a higher error rate than the rest, significant at `LEVEL` after the correction of Holm,
    1979, for as many groups).

    Raises
    ------
    EvaluationError, where the numbers of groups and images differ.
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
        (name, k, bad, bad / k, *wilson_interval(bad, k), fisher(bad, k, int(is_wrong.sum()), len(is_wrong)))
        for name, k, bad in zip(named.categories, n.tolist(), errors.tolist(), strict=True)
        if k
    ]
    frame = pd.DataFrame(rows, columns=["group", "n", "errors", "error_rate", "low", "high", "p"])
    is_above = frame["error_rate"] * len(is_wrong) > is_wrong.sum()  # the whole, and so the rest
    return frame.assign(is_worse=is_above & (holm(frame["p"].to_numpy(np.float64)) <= LEVEL))


def in_quarters(values: NDArray[np.floating[Any]], names: Sequence[str] = QUARTERS) -> "pd.Categorical[str]":
    """The quarter that each value lies in, for a property such as slant or stroke width.

    Parameters
    ----------
    values : (n,) float. Equal values fall into the same quarter, that of their middle rank, so ties make them uneven.
    names : of the four quarters, from the lowest values to the highest.

    Returns
    -------
    (n,) categories, in the order of `names`; missing where the value is NaN, and everywhere if all values are equal.
    """
    exact = np.asarray(values, np.float64)
    known, codes = ~np.isnan(exact), np.full(len(exact), -1, np.intp)
    if known.any() and exact[known].min() < exact[known].max():
        middle = (pd.Series(exact[known]).rank().to_numpy() - 0.5) / known.sum()
        codes[known] = np.floor(4 * middle)
    return pd.Categorical.from_codes(codes, pd.Index(names), ordered=True)
