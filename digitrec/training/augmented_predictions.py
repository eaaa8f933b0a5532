"""Augmented variations of one digit and their predictions, for the Augmentation page."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Predict
from digitrec.training.augmentation import Augmentation, augment_copies


@dataclass(frozen=True, eq=False)
class Variations:
    """Variations of one image.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    predicted : (n,) intp, the predicted digits, 0 to 9.
    label : the true digit.
    """

    images: NDArray[np.uint8]
    predicted: NDArray[np.intp]
    label: int

    @property
    def average(self) -> NDArray[np.uint8]:
        """The mean of all images, (28, 28) uint8."""
        mean: NDArray[np.float64] = self.images.mean(axis=0)
        return np.rint(mean).astype(np.uint8)

    @property
    def accuracy(self) -> float:
        """The accuracy, 0 to 1."""
        return float((self.predicted == self.label).mean())


def read_variations(
    image: NDArray[np.uint8], label: int, *, count: int, settings: Augmentation, seed: int, predict: Predict
) -> Variations:
    """Augment a (28, 28) uint8 image `count` times, as training does, and predict the digit of each variation."""
    images = augment_copies(image, count, settings, np.random.default_rng(seed))
    return Variations(images, predict(images).argmax(axis=1), label)
