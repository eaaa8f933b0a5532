"""Whole numbers, composed of digits by held-out writers and read by each method.

All settings were chosen on training data.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from digitrec import load_dataset
from digitrec.datasets.sources.pen import load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.composing import (
    SPACED,
    Settings,
    Writer,
    compose,
    image_writers,
    pen_writers,
)
from digitrec.errors import DataError
from digitrec.evaluation.significance import wilson_interval
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME
from digitrec.reading.numbers.readers import NumberReader, load_number_reader
from tests.benchmarks.table import row
from tests.touching import TOUCHING, find_touching

SEED = 20  # of the numbers
NUMBERS = 2000  # of 2 to 6 digits


def numbers() -> list[dict[str, Any]]:
    """Accuracy on whole numbers, spaced and touching, and the time for one."""
    try:
        pens, images = pen_writers(split_by_writer(load_pen_digits())[1]), image_writers(load_dataset("mnist").test)
    except DataError as error:
        print(error)
        return []
    rows = []
    combined, sequence, segmentation = (load_number_reader(name) for name in (None, NUMBERS_NAME, SHIPPED_NAME))
    for method, name, reader, writers, knows_strokes in (
        ("combined", "pen, strokes known", combined, pens, True),
        ("combined", "pen, ink alone", combined, pens, False),
        ("combined", "MNIST, ink alone", combined, images, False),
        ("sequence network", "pen, ink alone", sequence, pens, False),
        ("sequence network", "MNIST, ink alone", sequence, images, False),
        ("segmentation", "pen, ink alone", segmentation, pens, False),
        ("segmentation", "MNIST, ink alone", segmentation, images, False),
    ):
        for kind, settings, targets in (
            ("spaced", SPACED, ("> 96 %", "< 0.5 %", "< 20 ms")),
            ("touching", TOUCHING, ("> 85 %", "-", "< 20 ms")),
        ):
            rows += _rows(
                f"{method}, {kind}, {name}", reader, writers, settings, knows_strokes=knows_strokes, targets=targets
            )
    return rows


def _rows(
    name: str,
    reader: NumberReader,
    writers: Sequence[Writer],
    settings: Settings,
    *,
    knows_strokes: bool,
    targets: tuple[str, str, str],
) -> list[dict[str, Any]]:
    correct, counted, times = [], [], []
    for number in compose(writers, NUMBERS, settings, SEED):
        if settings is TOUCHING and not all(find_touching(number)):
            continue
        start = time.perf_counter()
        text = reader.read(number.ink, number.strokes if knows_strokes else None).text
        times.append(1000 * (time.perf_counter() - start))
        correct.append(text == number.text)
        counted.append(len(text) == len(number.text))
    n = len(correct)
    low, high = wilson_interval(sum(correct), n)
    return [
        row(f"{name}: accuracy", f"{100 * np.mean(correct):.1f} %", targets[0], n),
        row("  95 % confidence interval, in percent", f"{100 * low:.1f} to {100 * high:.1f}", "-", n),
        row("  wrong number of digits", f"{100 - 100 * np.mean(counted):.2f} %", targets[1], n),
        row("  time for one number, median", f"{np.median(times):.1f} ms", targets[2], n),
        row("  time for one number, 95th percentile", f"{np.quantile(times, 0.95):.1f} ms", "-", n),
    ]
