"""MNIST and the pen digits combined: the training data of the shipped models.

Each pen digit of the training set is drawn four times, at random sizes, positions, tilts and pen widths, because there
are far fewer pen digits than scans.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.dataset import Dataset, Progress, Split, silent
from digitrec.datasets.sources import mnist, pen
from digitrec.datasets.synthetic import stroke_variation
from digitrec.storage import cached_arrays

COPIES = 4
FIRST_WRITER = 10_000  # offset of the pen digits' writer numbers, so that they differ from MNIST's
NEEDS = (*mnist.HASHES, pen.PATH)


def load(progress: Progress = silent) -> Dataset:
    """Load MNIST and the pen digits as one dataset, training and test sets joined; the drawings are cached.

    Raises
    ------
    DataError, if a file of either source is missing or damaged.
    """
    scans, drawn = mnist.load(), _draw(progress)
    return Dataset(
        "both",
        _join([scans.train, _renumber(drawn[0])]),
        _join([scans.test, _renumber(drawn[1])]),
        f"{scans.source}; UCI pen digits, each drawn {COPIES} times for training",
        f"{scans.licence}; CC BY 4.0",
        scans.hashes | {pen.PATH: pen.SHA256},
    )


def _draw(progress: Progress) -> tuple[Split, Split]:
    """The pen digits of the training set, each drawn `COPIES` times, and those of the test set, each drawn once."""
    sizes = (stroke_variation.SIZES, stroke_variation.WIDTHS, stroke_variation.THICKEST, stroke_variation.TILT)
    how = " ".join(map(str, (pen.SHA256, COPIES, *sizes)))

    def draw() -> dict[str, NDArray[np.generic]]:
        rng = np.random.default_rng(0)
        train, test = pen.split_by_writer(pen.load_pen_digits())
        turns = [*[train] * COPIES, test]
        drawn = [
            pen.draw_pen_digits(some, rng, _part_of(progress, turn, len(turns))) for turn, some in enumerate(turns)
        ]
        return _to_arrays(_join(drawn[:-1]), "train") | _to_arrays(drawn[-1], "test")

    arrays = cached_arrays("converted", f"pen-{hashlib.sha256(how.encode()).hexdigest()[:12]}.npz", draw)
    return _from_arrays(arrays, "train"), _from_arrays(arrays, "test")


def _part_of(progress: Progress, turn: int, turns: int) -> Progress:
    return lambda fraction: progress((turn + fraction) / turns)


def _to_arrays(split: Split, part: str) -> dict[str, NDArray[np.generic]]:
    return {f"{part}_{name}": getattr(split, name) for name in ("images", "labels", "writers")}


def _from_arrays(arrays: dict[str, NDArray[np.generic]], part: str) -> Split:
    images, labels, writers = (arrays[f"{part}_{name}"] for name in ("images", "labels", "writers"))
    return Split(images.astype(np.uint8), labels.astype(np.uint8), writers.astype(np.int32))


def _join(splits: Sequence[Split]) -> Split:
    """Concatenate splits; writers are None unless all splits have them."""
    images, labels = (np.concatenate([getattr(split, name) for split in splits]) for name in ("images", "labels"))
    writers = [split.writers for split in splits if split.writers is not None]
    return Split(images, labels, np.concatenate(writers) if len(writers) == len(splits) else None)


def _renumber(split: Split) -> Split:
    """Give the writers numbers that no writer of MNIST has."""
    return replace(split, writers=None if split.writers is None else split.writers + np.int32(FIRST_WRITER))
