"""Numbers to learn from and to measure with, composed of a dataset's single digits, as strips.

digits (images, labels, writers) -> hands -> `compose_strips` -> `NumberSet`: strips (n, 28, 256), texts

Each number is by one writer, where writers are known, so that its digits match as those of a person do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.synthetic.composing import Settings, Writer, compose_one
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.strips import LONGEST, WIDTH, to_strip

# How numbers to learn from are written: at about twice the height of a strip, and more unruly than people do.
HOW: dict[str, Any] = {
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
    Settings(**HOW, gap=(-0.05, 0.01)),
    Settings(**HOW, gap=(0.0, 0.6)),
    Settings(**HOW, gap=(-0.08, 0.2)),
)
SHARES = (0.4, 0.3, 0.3)  # of the numbers: touching, spaced, a mixture


@dataclass(frozen=True, eq=False)
class NumberSet:
    """Numbers and what they are.

    Attributes
    ----------
    strips : (n, 28, 256) uint8, ink 255 on 0.
    texts : n times 1 to 8 digits.
    """

    strips: NDArray[np.uint8]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def compose_strips(hands: Sequence[Writer], count: int, seed: Sequence[int]) -> NumberSet:
    """Compose numbers to learn from; the same for the same seed.

    Parameters
    ----------
    hands : from `composing.image_writers` or `pen_writers`, each the likelier the more it wrote.
    """
    rng = np.random.default_rng(list(seed))
    weights = np.array([hand.count for hand in hands], float)
    strips, texts = np.zeros((count, SIDE, WIDTH), np.uint8), []
    whose = rng.choice(len(hands), count, p=weights / weights.sum())
    kinds = rng.choice(len(KINDS), count, p=SHARES)
    for strip, hand, kind in zip(strips, whose.tolist(), kinds.tolist(), strict=True):
        number = compose_one([hands[hand]], KINDS[kind], rng)
        strip[:] = to_strip(number.ink).image
        texts.append(number.text)
    return NumberSet(strips, tuple(texts))
