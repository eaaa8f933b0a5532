"""Training batches, whose order and augmentation depend only on the seed.

`TrainingSet` or `ComposedNumbers`, recipe -> `prepare` -> the batches of an epoch, from a step on
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
    """Images of digits and their targets.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    targets : (n, 10) float32, each row sums to 1: one-hot for a digit, a tenth each for a non-digit.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ComposedNumbers:
    """Digits to compose numbers of, new ones in each epoch. An epoch has as many numbers as there are digits."""

    digits: Split

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, 28, 28) uint8, ink 255 on 0."""
        return self.digits.images


class Batches(Protocol):
    """The batches of each epoch."""

    def __len__(self) -> int:
        """The number of batches in an epoch."""

    def from_step(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from a step on, both counted from 0."""


def to_targets(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """For a minibatch: convert (n,) labels to one-hot rows, (n, 10) float32."""
    return np.eye(10, dtype=np.float32)[labels]


def prepare(data: TrainingSet | ComposedNumbers, recipe: Recipe) -> Batches:
    """Make the batches for training; the same seed gives the same batches."""
    return NumberBatches(data, recipe) if isinstance(data, ComposedNumbers) else DigitBatches(data, recipe)


class DigitBatches:
    """Digits, shuffled and augmented anew in each epoch; clean epochs are not augmented."""

    def __init__(self, data: TrainingSet, recipe: Recipe) -> None:
        self.data, self.recipe = data, recipe

    def __len__(self) -> int:
        return math.ceil(len(self.data.images) / self.recipe.batch_size)

    def order(self, epoch: int) -> NDArray[np.intp]:
        """The order of the images in an epoch, counted from 0."""
        return np.random.default_rng([self.recipe.seed, epoch]).permutation(len(self.data.images))

    def make(self, order: NDArray[np.intp], epoch: int, step: int) -> Batch:
        """The images (n, 28, 28, 1) float32 of 0 to 255 and the targets of a step, counted from 0."""
        chosen = order[step * self.recipe.batch_size : (step + 1) * self.recipe.batch_size]
        images = self.data.images[chosen].astype(np.float32)
        if self.recipe.augmentation is not None and epoch < self.recipe.epochs - self.recipe.clean_epochs:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            images = augment(images, self.recipe.augmentation, rng)
        return images[..., None], self.data.targets[chosen]

    def from_step(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from a step on."""
        return _ahead(partial(self.make, self.order(epoch), epoch), first, len(self))


class NumberBatches:
    """New composed numbers in each epoch."""

    def __init__(self, data: ComposedNumbers, recipe: Recipe) -> None:
        self.count, self.recipe = len(data.digits), recipe
        self.writers = image_writers(data.digits)

    def __len__(self) -> int:
        return math.ceil(self.count / self.recipe.batch_size)

    def make(self, epoch: int, step: int) -> Batch:
        """The strips (n, 28, 256, 1) float32 of 0 to 255 of a step, and their digits (n, 8), padded with -1."""
        size = min(self.recipe.batch_size, self.count - step * self.recipe.batch_size)
        composed = compose_strips(self.writers, size, [self.recipe.seed, epoch, step])
        return composed.strips.astype(np.float32)[..., None], encode(composed.texts)

    def from_step(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from a step on."""
        return _ahead(partial(self.make, epoch), first, len(self))


def _ahead(make: Callable[[int], Batch], first: int, steps: int) -> Iterator[Batch]:
    """Prepare each batch while the network is trained on the previous one."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(make, first)
        for step in range(first, steps):
            batch = coming.result()
            if step + 1 < steps:
                coming = thread.submit(make, step + 1)
            yield batch
