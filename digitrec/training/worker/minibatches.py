"""What a network is shown, batch by batch, in an order and with changes that a seed settles.

`TrainingSet` of digits, or of digits that numbers are composed of -> `prepare` -> batches of an epoch, from a step on
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Split
from digitrec.datasets.synthetic.composing import image_writers
from digitrec.datasets.synthetic.number_strips import compose_strips
from digitrec.networks.ctc import encode
from digitrec.training.augmentation import augment
from digitrec.training.recipe import Recipe

Batch = tuple[NDArray[np.float32], NDArray[np.generic]]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a network is shown, and what it should answer.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    targets : (n, 10) float32, each row sums to 1: one-hot for a digit, a tenth each for what is none.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ComposedNumbers:
    """The digits that numbers are composed of, others in each epoch; there are as many numbers as digits."""

    digits: Split

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 28) uint8, ink 255 on 0."""
        return self.digits.images


class Batches(Protocol):
    """The batches of each epoch."""

    def __len__(self) -> int:
        """How many there are in an epoch."""

    def from_step(self, epoch: int, first: int) -> Iterator[Batch]:
        """Those of an epoch from a step on, both counted from 0."""


def to_targets(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n,) labels as one-hot rows, (n, 10) float32."""
    return np.eye(10, dtype=np.float32)[labels]


def prepare(lesson: TrainingSet | ComposedNumbers, recipe: Recipe) -> Batches:
    """The batches of a lesson; the same for the same seed."""
    return NumberBatches(lesson, recipe) if isinstance(lesson, ComposedNumbers) else DigitBatches(lesson, recipe)


class DigitBatches:
    """A lesson in a new order and newly augmented in each epoch, but for those in which the network settles."""

    def __init__(self, lesson: TrainingSet, recipe: Recipe) -> None:
        self.lesson, self.recipe = lesson, recipe

    def __len__(self) -> int:
        return math.ceil(len(self.lesson.images) / self.recipe.batch)

    def order(self, epoch: int) -> NDArray[np.intp]:
        """Which image comes when, in an epoch counted from 0."""
        return np.random.default_rng([self.recipe.seed, epoch]).permutation(len(self.lesson.images))

    def make(self, order: NDArray[np.intp], epoch: int, step: int) -> Batch:
        """The images (n, 28, 28, 1) float32 of 0 to 255 and the targets of a step, counted from 0."""
        chosen = order[step * self.recipe.batch : (step + 1) * self.recipe.batch]
        images = self.lesson.images[chosen].astype(np.float32)
        if self.recipe.augmentation is not None and epoch < self.recipe.epochs - self.recipe.settling:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            images = augment(images, self.recipe.augmentation, rng)
        return images[..., None], self.lesson.targets[chosen]

    def from_step(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from a step on."""
        return _ahead(partial(self.make, self.order(epoch), epoch), first, len(self))


class NumberBatches:
    """Numbers that nobody saw before."""

    def __init__(self, lesson: ComposedNumbers, recipe: Recipe) -> None:
        self.count, self.recipe = len(lesson.digits), recipe
        self.hands = image_writers(lesson.digits)

    def __len__(self) -> int:
        return math.ceil(self.count / self.recipe.batch)

    def make(self, epoch: int, step: int) -> Batch:
        """The strips (n, 28, 256, 1) float32 of 0 to 255 of a step, and their digits (n, 8), -1 after the last."""
        size = min(self.recipe.batch, self.count - step * self.recipe.batch)
        composed = compose_strips(self.hands, size, [self.recipe.seed, epoch, step])
        return composed.strips.astype(np.float32)[..., None], encode(composed.texts)

    def from_step(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from a step on."""
        return _ahead(partial(self.make, epoch), first, len(self))


def _ahead(make: Callable[[int], Batch], first: int, steps: int) -> Iterator[Batch]:
    """Each batch is made while the one before is learned."""
    with ThreadPoolExecutor(1) as hand:
        coming = hand.submit(make, first)
        for step in range(first, steps):
            batch = coming.result()
            if step + 1 < steps:
                coming = hand.submit(make, step + 1)
            yield batch
