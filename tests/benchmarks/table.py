"""Rows of the table that `make bench` prints, and timing."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def row(what: str, value: str, target: str, n: int) -> dict[str, Any]:
    """One row of the table: what was measured, its value, its target, and the number of measurements."""
    return {"what": what, "value": value, "target": target, "n": n}


def median_ms(call: Callable[[], object], n: int) -> float:
    """The median time of n calls, in ms, after n / 10 calls to warm up."""
    for _ in range(max(1, n // 10)):
        call()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))
