"""Composed numbers as strips, for training and evaluation.

digits (images, labels, writers) -> writers -> `compose_strips` -> `NumberSet`: strips (n, 28, 256), texts

Each number is by one writer, if writers are known, so that its digits have a consistent style.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.synthetic.composing import Settings, Writer, compose_one
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.strips import LONGEST, WIDTH, to_strip

# Settings for training: about twice the height of a strip, and more irregular than real handwriting.
TRAINING: dict[str, Any] = {
    "length": (1, LONGEST),
    "height": (50, 70),
    "pen": (0.05, 0.16),
    "slant": 0.18,
    "size": 0.08,
    "baseline": 0.06,
    "turn": 6.0,
    "stretch": 0.1,
}
KINDS = (
    Settings(**TRAINING, gap=(-0.05, 0.01)),
    Settings(**TRAINING, gap=(0.0, 0.6)),
    Settings(**TRAINING, gap=(-0.08, 0.2)),
)
KIND_PROBABILITIES = (0.4, 0.3, 0.3)  # of touching, spaced and mixed numbers


@dataclass(frozen=True, eq=False)
class NumberSet:
    """Strips of numbers and their texts.

    Attributes
    ----------
    strips : (n, 28, 256) uint8, ink 255 on 0.
    texts : n texts of 1 to 8 digits.
    """

    strips: NDArray[np.uint8]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def compose_strips(writers: Sequence[Writer], count: int, seed: Sequence[int]) -> NumberSet:
    """Compose numbers for training.

    Parameters
    ----------
    writers : from `composing.image_writers` or `pen_writers`, chosen in proportion to their digits.
    count : number of numbers.
    seed : integers; the same seed gives the same numbers.
    """
    rng = np.random.default_rng(list(seed))
    weights = np.array([writer.count for writer in writers], float)
    strips, texts = np.zeros((count, SIDE, WIDTH), np.uint8), []
    which = rng.choice(len(writers), count, p=weights / weights.sum())
    kinds = rng.choice(len(KINDS), count, p=KIND_PROBABILITIES)
    for strip, writer, kind in zip(strips, which.tolist(), kinds.tolist(), strict=True):
        number = compose_one([writers[writer]], KINDS[kind], rng)
        strip[:] = to_strip(number.ink).image
        texts.append(number.text)
    return NumberSet(strips, tuple(texts))
