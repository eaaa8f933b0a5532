"""What several charts share."""

from collections.abc import Sequence
from typing import Any

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def error_bars(shares: Sequence[tuple[float, float, float]], thickness: float = 2) -> dict[str, Any]:
    """Bars from the low to the high end of each share, given as (low, share, high), in percent around it."""
    return {
        "type": "data",
        "array": [100 * (high - share) for _, share, high in shares],
        "arrayminus": [100 * (share - low) for low, share, _ in shares],
        "thickness": thickness,
    }
