"""One digit as training varies it, and what a classifier reads the variations as: what the Augmentation page shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Predict
from digitrec.training.augmentation import Augmentation, vary


@dataclass(frozen=True, eq=False)
class Variations:
    """Variations of one image.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    predicted : (n,) the digit that each is read as.
    label : the digit that each should be read as.
    """

    images: NDArray[np.uint8]
    predicted: NDArray[np.intp]
    label: int

    @property
    def average(self) -> NDArray[np.uint8]:
        """All of them laid over each other, (28, 28) uint8."""
        mean: NDArray[np.float64] = self.images.mean(axis=0)
        return np.rint(mean).astype(np.uint8)

    @property
    def accuracy(self) -> float:
        """The proportion that is read as the label, 0 to 1."""
        return float((self.predicted == self.label).mean())


def read_variations(
    image: NDArray[np.uint8], label: int, *, count: int, settings: Augmentation, seed: int, predict: Predict
) -> Variations:
    """Vary a (28, 28) uint8 image `count` times as training would, and read each variation."""
    images = vary(image, count, settings, np.random.default_rng(seed))
    return Variations(images, predict(images).argmax(axis=1), label)
