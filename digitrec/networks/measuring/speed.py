"""How fast a model reads."""

import os
import platform
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digitrec.networks.card import Speed
from digitrec.networks.classifier import Classifier

TIMES = 300


def measure_speed(classifier: Classifier, images: NDArray[np.uint8]) -> Speed:
    """The speed after warming up: one image with one thread, and thousands with two."""
    one = median_seconds(lambda: classifier.predict_proba(images[:1]), TIMES)
    many = images[:5120]
    batch = median_seconds(lambda: classifier.predict_proba(many), 5)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    return Speed(milliseconds=1000 * one, images_per_second=len(many) / batch, machine=machine)


def median_seconds(do: Callable[[], object], times: int) -> float:
    """The median duration of some calls, in seconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        took.append(time.perf_counter() - start)
    return float(np.median(took))
