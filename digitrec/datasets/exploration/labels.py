"""Class balance: how often each digit occurs, and whether that matters.

labels -> `count_labels` -> a frame -> `describe_balance` -> one sentence
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NOTABLE, HEAVY = 1.2, 3.0  # ratio of the most to the least frequent digit


def count_labels(labels: NDArray[np.uint8]) -> pd.DataFrame:
    """Count the digits in (n,) labels of 0 to 9.

    Returns
    -------
    A frame of ten rows: digit, count, fraction (of all, 0 to 1; all 0 without labels) and above (bool: more than
    the mean of the ten counts).
    """
    counts = np.bincount(labels, minlength=10)[:10]
    total = max(int(counts.sum()), 1)
    return pd.DataFrame(
        {"digit": range(10), "count": counts, "fraction": counts / total, "above": counts > counts.mean()}
    )


def describe_balance(frame: pd.DataFrame) -> str:
    """Describe in a sentence or two how unbalanced the counts of `count_labels` are, and whether that matters."""
    counts = frame["count"].to_numpy()
    common, rare = int(counts.argmax()), int(counts.argmin())
    if counts[common] == 0:
        return "There are no digits here."
    if counts[rare] == 0:
        return f"There is no {rare}: a network trained on these images will never predict it."
    ratio = counts[common] / counts[rare]
    facts = (
        f"The most frequent digit, {common}, occurs {ratio:.2f} times as often as the least frequent, {rare}: "
        f"{counts[common]:,} against {counts[rare]:,}."
    )
    if ratio < NOTABLE:
        return f"{facts} The classes are balanced enough to make no difference."
    if ratio < HEAVY:
        return f"{facts} This hardly affects a network, but guessing {common} would be right a little more often."
    return f"{facts} Accuracy on {rare} will suffer: add images of it, or give them a higher weight."
