"""UCI's pen digits: digits written on a tablet, recorded as strokes, not as pixels.

UNIPEN text -> `PenDigit` (strokes, label, writer) -> drawn on a canvas -> preprocessed -> 28 x 28

Drawn at random sizes, positions and pen widths, they resemble drawings on the Draw page more than MNIST's scans do.
The split is by writer: no writer is in both parts.
"""

import gzip
from dataclasses import dataclass

import numpy as np

from digitrec.datasets.dataset import Dataset, Progress, Split, silent
from digitrec.datasets.sources.download import read_checked
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.errors import DataError
from digitrec.ink.drawings import to_image
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.types import Strokes

PATH = "pendigits/pendigits-orig.tra.gz"
SHA256 = "d6a5f33f75b481a5bdbfc64a3429574ad21d54c258767f2c31aca6e47b9159fc"
HELD_OUT_WRITERS = frozenset({5, 10, 15, 20, 25, 30})  # every fifth of the thirty; for validation, never for training


@dataclass(frozen=True, eq=False)
class PenDigit:
    """One digit as it was written.

    Attributes
    ----------
    strokes : in the tablet's units.
    label : 0 to 9.
    writer : 1 to 30.
    """

    strokes: Strokes
    label: int
    writer: int


def load(progress: Progress = silent) -> Dataset:
    """Draw each digit once on a canvas and preprocess it (seed 0); `test` has the writers in `HELD_OUT_WRITERS`."""
    train, test = split_by_writer(load_pen_digits())
    fraction = len(train) / (len(train) + len(test))
    return Dataset(
        "pen",
        draw_pen_digits(train, np.random.default_rng(0), lambda done: progress(fraction * done)),
        draw_pen_digits(test, np.random.default_rng(0), lambda done: progress(fraction + (1 - fraction) * done)),
        "UCI Pen-Based Recognition of Handwritten Digits, training part (Alpaydin, Alimoglu)",
        "CC BY 4.0",
        {PATH: SHA256},
    )


def load_pen_digits() -> tuple[PenDigit, ...]:
    """Load the 7,494 digits of the file in the data folder, in its order.

    Raises
    ------
    DataError, if the file is missing or damaged.
    """
    return parse_unipen(gzip.decompress(read_checked(PATH, SHA256)).decode("latin-1"))


def parse_unipen(text: str) -> tuple[PenDigit, ...]:
    """Parse UNIPEN text: `.SEGMENT DIGIT n ? "label"`, `.COMMENT label writer sample`, pen down, x y lines, pen up.

    Raises
    ------
    DataError, if a segment has no label, no writer or no ink, with its line.
    """
    digits: list[PenDigit] = []
    segments = text.split(".SEGMENT DIGIT")
    line = segments[0].count("\n") + 1
    for segment in segments[1:]:
        try:
            digits.append(_read_segment(segment))
        except (ValueError, IndexError):
            raise DataError(
                f'Expected a digit as .SEGMENT DIGIT n ? "label", .COMMENT label writer sample and pen strokes. '
                f"Received: something else at line {line}. Correct or remove that digit."
            ) from None
        line += segment.count("\n")
    return tuple(digits)


def _read_segment(segment: str) -> PenDigit:
    label = int(segment.split('"', 2)[1])
    comment = segment.split(".COMMENT", 1)[1].split("\n", 1)[0].split()
    strokes = []
    for piece in segment.split(".PEN_DOWN")[1:]:
        numbers = np.array(piece.split(".PEN_UP", 1)[0].split(), np.float32).reshape(-1, 2)
        if len(numbers):
            strokes.append(numbers * np.array([1, -1], np.float32))  # the tablet's y points up
    if not strokes or not 0 <= label <= 9:
        raise ValueError
    return PenDigit(tuple(strokes), label, int(comment[1]))


def split_by_writer(digits: tuple[PenDigit, ...]) -> tuple[tuple[PenDigit, ...], tuple[PenDigit, ...]]:
    """Split pen digits into (train, test): the writers in `HELD_OUT_WRITERS` are the test set."""
    train = tuple(digit for digit in digits if digit.writer not in HELD_OUT_WRITERS)
    return train, tuple(digit for digit in digits if digit.writer in HELD_OUT_WRITERS)


def draw_pen_digits(digits: tuple[PenDigit, ...], rng: np.random.Generator, progress: Progress = silent) -> Split:
    """Draw each of these pen digits with `draw_at_random` and preprocess it."""
    images = np.empty((len(digits), SIDE, SIDE), np.uint8)
    for index, digit in enumerate(digits):
        images[index] = to_image(draw_at_random(digit.strokes, rng))
        progress((index + 1) / len(digits))
    labels, writers = ([getattr(digit, name) for digit in digits] for name in ("label", "writer"))
    return Split(images, np.array(labels, np.uint8), np.array(writers, np.int32))
