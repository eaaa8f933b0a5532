"""Written numbers: composed of digits by writers whom no training saw, and read in either way.

Everything was chosen on the pen writers and the part of MNIST that are trained on.
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
from digitrec.evaluation.metrics import wilson_interval
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME
from digitrec.reading.numbers.readers import NumberReader, load_number_reader
from tests.benchmarks.table import row
from tests.touching import TOUCHING, find_touching

SEED = 20  # of the numbers; each index of it is another one
NUMBERS = 2000  # of 2 to 6 digits


def numbers() -> list[dict[str, Any]]:
    """How many numbers are read wholly right, spaced and touching, and what one takes."""
    try:
        pens, images = pen_writers(split_by_writer(load_pen_digits())[1]), image_writers(load_dataset("mnist").test)
    except DataError as error:
        print(error)
        return []
    rows = []
    suited, sweep, pieces = (load_number_reader(name) for name in (None, NUMBERS_NAME, SHIPPED_NAME))
    for way, name, reader, hands, knows_strokes in (
        ("as suits", "pen, strokes known", suited, pens, True),
        ("as suits", "pen, ink alone", suited, pens, False),
        ("as suits", "MNIST, ink alone", suited, images, False),
        ("in one sweep", "pen, ink alone", sweep, pens, False),
        ("in one sweep", "MNIST, ink alone", sweep, images, False),
        ("by pieces", "pen, ink alone", pieces, pens, False),
        ("by pieces", "MNIST, ink alone", pieces, images, False),
    ):
        for kind, settings, bars in (
            ("spaced", SPACED, ("> 96 %", "< 0.5 %", "< 20 ms")),
            ("touching", TOUCHING, ("> 85 %", "-", "< 20 ms")),
        ):
            rows += _rows(f"{way}, {kind}, {name}", reader, hands, settings, knows_strokes=knows_strokes, targets=bars)
    return rows


def _rows(
    name: str,
    reader: NumberReader,
    hands: Sequence[Writer],
    settings: Settings,
    *,
    knows_strokes: bool,
    targets: tuple[str, str, str],
) -> list[dict[str, Any]]:
    right, counted, taken = [], [], []
    for number in compose(hands, NUMBERS, settings, SEED):
        if settings is TOUCHING and not all(find_touching(number)):
            continue
        start = time.perf_counter()
        text = reader.read(number.ink, number.strokes if knows_strokes else None).text
        taken.append(1000 * (time.perf_counter() - start))
        right.append(text == number.text)
        counted.append(len(text) == len(number.text))
    n = len(right)
    low, high = wilson_interval(sum(right), n)
    return [
        row(f"numbers {name}: right", f"{100 * np.mean(right):.1f} %", targets[0], n),
        row("  its 95 % interval, in percent", f"{100 * low:.1f} to {100 * high:.1f}", "-", n),
        row("  another count of digits", f"{100 - 100 * np.mean(counted):.2f} %", targets[1], n),
        row("  time for one, median", f"{np.median(taken):.1f} ms", targets[2], n),
        row("  time for one, 95th percentile", f"{np.quantile(taken, 0.95):.1f} ms", "-", n),
    ]
