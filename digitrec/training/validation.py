"""The validation set of a training: digits, or numbers composed of them.

validation digits, recipe -> `validation_for` -> images -> answers of the network -> `judge` -> loss, accuracy
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

NUMBERS = 1000  # composed of the validation digits


@dataclass(frozen=True, eq=False)
class DigitValidation:
    """A validation set of single digits."""

    split: Split

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 28) uint8."""
        return self.split.images

    def judge(self, answers: NDArray[np.float32]) -> tuple[float, float]:
        """Loss and accuracy of (n, 10) probabilities."""
        right = answers.argmax(axis=1) == self.split.labels
        return cross_entropy(answers, self.split.labels), float(right.mean())


@dataclass(frozen=True, eq=False)
class NumberValidation:
    """A validation set of numbers."""

    numbers: NumberSet

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 256) uint8."""
        return self.numbers.strips

    def judge(self, answers: NDArray[np.float32]) -> tuple[float, float]:
        """Loss and accuracy of (n, 64, 11) probabilities; a number is correct as a whole."""
        right = [decode(one).text == text for one, text in zip(answers, self.numbers.texts, strict=True)]
        return float(ctc_loss(answers, self.numbers.texts).mean()), float(np.mean(right))


def validation_for(recipe: Recipe, split: Split) -> DigitValidation | NumberValidation:
    """The validation set of a recipe, from its validation digits; the same for the same recipe."""
    if ARCHITECTURES[recipe.network].reads == "digit":
        return DigitValidation(split)
    return NumberValidation(compose_strips(image_writers(split), NUMBERS, [recipe.split_seed, 0]))
