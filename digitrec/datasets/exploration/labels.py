"""How often each digit occurs, and whether it matters.

labels -> `count_labels` -> a frame -> `describe_balance` -> one sentence
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NOTABLE, HEAVY = 1.2, 3.0  # times as many of the commonest digit as of the rarest


def count_labels(labels: NDArray[np.uint8]) -> pd.DataFrame:
    """Count the digits among (n,) labels of 0 to 9.

    Returns
    -------
    A frame of ten rows: digit, count, share (0 to 1, all 0 where there are no labels) and above (bool: more than the
    mean of the ten counts).
    """
    counts = np.bincount(labels, minlength=10)[:10]
    total = max(int(counts.sum()), 1)
    return pd.DataFrame({"digit": range(10), "count": counts, "share": counts / total, "above": counts > counts.mean()})


def describe_balance(frame: pd.DataFrame) -> str:
    """Say in one sentence how uneven the counts of `count_labels` are, and whether that matters to a network."""
    counts = frame["count"].to_numpy()
    common, rare = int(counts.argmax()), int(counts.argmin())
    if counts[common] == 0:
        return "There are no digits here."
    if counts[rare] == 0:
        return f"There is no {rare} at all, and a network that learns from these will never answer it."
    ratio = counts[common] / counts[rare]
    facts = (
        f"The commonest digit, {common}, occurs {ratio:.2f} times as often as the rarest, {rare}: "
        f"{counts[common]:,} against {counts[rare]:,}."
    )
    if ratio < NOTABLE:
        return f"{facts} That is even enough to make no difference."
    if ratio < HEAVY:
        return f"{facts} A network hardly notices, but a guess of {common} would be right a little more often."
    return f"{facts} A network will read {rare} worse for having seen few: weigh or add some."
