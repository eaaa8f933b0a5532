"""A line of the table that `make bench` prints, and the time that something takes."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def row(what: str, value: str, target: str, n: int) -> dict[str, Any]:
    """One line of the table."""
    return {"what": what, "value": value, "target": target, "n": n}


def median_ms(call: Callable[[], object], n: int) -> float:
    """The median of n timed calls, after a tenth as many to warm up."""
    for _ in range(max(1, n // 10)):
        call()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))
