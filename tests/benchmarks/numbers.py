"""Written numbers: composed of digits by writers whom no training saw, taken apart and read.

Everything was chosen on the pen writers and the part of MNIST that are trained on.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from digitrec import load_classifier, load_dataset
from digitrec.composing import SPACED, TOUCHING, Hand, Settings, compose, image_hands, pen_hands
from digitrec.datasets.pen import load_pen_digits, split_by_writer
from digitrec.errors import DataError
from digitrec.evaluation import wilson_interval
from digitrec.segmentation import read_number
from tests.benchmarks.table import row

SEED = 20  # of the numbers; each index of it is another one
NUMBERS = 2000  # of 2 to 6 digits


def numbers() -> list[dict[str, Any]]:
    """How many numbers are read wholly right, spaced and touching, and what one takes."""
    try:
        pens, images = pen_hands(split_by_writer(load_pen_digits())[1]), image_hands(load_dataset("mnist").test)
    except DataError as error:
        print(error)
        return []
    rows = []
    for name, hands, knows_strokes in (
        ("pen, strokes known", pens, True),
        ("pen, ink alone", pens, False),
        ("MNIST, ink alone", images, False),
    ):
        rows += _rows(f"spaced, {name}", hands, SPACED, knows_strokes, ("> 96 %", "< 0.5 %", "< 20 ms"))
        rows += _rows(f"touching, {name}", hands, TOUCHING, knows_strokes, ("> 85 %", "-", "< 20 ms"))
    return rows


def _rows(
    name: str, hands: Sequence[Hand], settings: Settings, knows_strokes: bool, targets: tuple[str, str, str]
) -> list[dict[str, Any]]:
    read = load_classifier().predict_proba
    right, counted, taken = [], [], []
    for number in compose(hands, NUMBERS, settings, SEED):
        if settings is TOUCHING and not all(number.touching):
            continue
        start = time.perf_counter()
        text = read_number(number.ink, read, number.strokes if knows_strokes else None).text
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
