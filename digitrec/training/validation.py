"""What a network is asked while it trains, and how its answers are judged: digits, or numbers composed of them.

digits kept aside, recipe -> `validation_for` -> images to read -> answers -> `judge` -> loss, accuracy
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

NUMBERS = 1000  # composed of the digits kept aside


@dataclass(frozen=True, eq=False)
class DigitValidation:
    """Single digits."""

    split: Split

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 28) uint8."""
        return self.split.images

    def judge(self, answers: NDArray[np.float32]) -> tuple[float, float]:
        """Of (n, 10) probabilities."""
        right = answers.argmax(axis=1) == self.split.labels
        return cross_entropy(answers, self.split.labels), float(right.mean())


@dataclass(frozen=True, eq=False)
class NumberValidation:
    """Numbers."""

    numbers: NumberSet

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 256) uint8."""
        return self.numbers.strips

    def judge(self, answers: NDArray[np.float32]) -> tuple[float, float]:
        """Of (n, 64, 11) probabilities."""
        right = [decode(one).text == text for one, text in zip(answers, self.numbers.texts, strict=True)]
        return float(ctc_loss(answers, self.numbers.texts).mean()), float(np.mean(right))


def validation_for(recipe: Recipe, split: Split) -> DigitValidation | NumberValidation:
    """What the recipe's network is asked of the digits kept aside; the same wherever it is asked for."""
    if ARCHITECTURES[recipe.network].reads == "digit":
        return DigitValidation(split)
    return NumberValidation(compose_strips(image_writers(split), NUMBERS, [recipe.split_seed, 0]))
