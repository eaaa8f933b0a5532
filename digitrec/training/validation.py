"""The validation set of a run: digits, or numbers composed of them.

validation digits, recipe -> `validation_for` -> images -> predictions of the network -> `evaluate` -> loss, accuracy
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Split
from digitrec.datasets.synthetic.composing import image_writers
from digitrec.datasets.synthetic.number_strips import NumberSet, compose_strips
from digitrec.evaluation.metrics import cross_entropy
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.ctc import ctc_loss, decode
from digitrec.training.recipe import Recipe

NUMBERS = 1000  # in a validation set of numbers


@dataclass(frozen=True, eq=False)
class DigitValidation:
    """A validation set of single digits."""

    split: Split

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 28) uint8, ink 255 on 0."""
        return self.split.images

    def evaluate(self, probabilities: NDArray[np.float32]) -> tuple[float, float]:
        """Cross-entropy loss and accuracy of (n, 10) probabilities."""
        is_correct = probabilities.argmax(axis=1) == self.split.labels
        return cross_entropy(probabilities, self.split.labels), float(is_correct.mean())


@dataclass(frozen=True, eq=False)
class NumberValidation:
    """A validation set of numbers."""

    numbers: NumberSet

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 256) uint8, ink 255 on 0."""
        return self.numbers.strips

    def evaluate(self, probabilities: NDArray[np.float32]) -> tuple[float, float]:
        """CTC loss and accuracy of (n, 64, 11) probabilities; a number is correct if all its digits are."""
        is_correct = [decode(one).text == text for one, text in zip(probabilities, self.numbers.texts, strict=True)]
        return float(ctc_loss(probabilities, self.numbers.texts).mean()), float(np.mean(is_correct))


def validation_for(recipe: Recipe, split: Split) -> DigitValidation | NumberValidation:
    """Make the validation set of a recipe from its validation digits. The same recipe gives the same set."""
    if ARCHITECTURES[recipe.network].reads == "digit":
        return DigitValidation(split)
    return NumberValidation(compose_strips(image_writers(split), NUMBERS, [recipe.split_seed, 0]))
