"""Fit a network to images by a recipe, a step at a time.

recipe, lesson -> `Student` -> `learn` -> a step's loss, again and again          state <-> `to_arrays`, `from_arrays`

The steps are those of Keras's `fit`; they are taken one by one so that training can be watched, stopped within a step
and taken up again where it stopped.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from digitrec.augmentation import augment
from digitrec.pixels import count_greys, mean_and_deviation
from digitrec.recipe import Recipe
from digitrec.training.network import build

Arrays = dict[str, NDArray[np.generic]]
READ_AT_ONCE = 500  # images


@dataclass(frozen=True)
class Step:
    """How a step went: over so many images, the mean loss and the share read rightly before they were learned.

    The loss is that of the targets as they are, so that it compares with others where the recipe smooths them.
    """

    images: int
    loss: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a network is shown, and what it should answer.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    targets : (n, 10) float32, each row sums to 1: one-hot for a digit, a tenth each for what is none.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]


def to_targets(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n,) labels as one-hot rows, (n, 10) float32."""
    return np.eye(10, dtype=np.float32)[labels]


class Batches:
    """A lesson in a new order and newly augmented in each epoch; the same for the same seed."""

    def __init__(self, lesson: Lesson, recipe: Recipe) -> None:
        self.lesson, self.recipe = lesson, recipe

    def __len__(self) -> int:
        return math.ceil(len(self.lesson.images) / self.recipe.batch)

    def order(self, epoch: int) -> NDArray[np.intp]:
        """Which image comes when, in an epoch counted from 0."""
        return np.random.default_rng([self.recipe.seed, epoch]).permutation(len(self.lesson.images))

    def make(self, order: NDArray[np.intp], epoch: int, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The images (n, 28, 28, 1) float32 of 0 to 255 and the targets of a step, counted from 0."""
        chosen = order[step * self.recipe.batch : (step + 1) * self.recipe.batch]
        images = self.lesson.images[chosen].astype(np.float32)
        if self.recipe.augmentation is not None:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            images = augment(images, self.recipe.augmentation, rng)
        return images[..., None], self.lesson.targets[chosen]

    def from_step(self, epoch: int, first: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """The batches of an epoch from a step on; each is made while the one before is learned."""
        order = self.order(epoch)
        with ThreadPoolExecutor(1) as hand:
            coming = hand.submit(self.make, order, epoch, first)
            for step in range(first, len(self)):
                batch = coming.result()
                if step + 1 < len(self):
                    coming = hand.submit(self.make, order, epoch, step + 1)
                yield batch


class Student:
    """A network under training."""

    def __init__(self, recipe: Recipe, lesson: Lesson) -> None:
        """With fresh weights, the same for the same seed."""
        keras.utils.set_random_seed(recipe.seed)
        standardised = recipe.scaling == "standardised"  # the others can do without counting, which takes half a second
        light = mean_and_deviation(count_greys(lesson.images)) if standardised else ()
        self.recipe, self.batches = recipe, Batches(lesson, recipe)
        self.slower = 1.0  # than the recipe's learning rate, after a plateau
        self.model = build(recipe.network, recipe.scaling, *light)
        # XLA is eight times slower than plain kernels for these convolutions on a CPU: 125 against 992 images/s.
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing)
        metrics = ["accuracy", "categorical_crossentropy"] if recipe.smoothing else ["accuracy"]
        self.model.compile(make_optimizer(recipe), loss, metrics=metrics, jit_compile=False)
        self.model.optimizer.build(self.model.trainable_variables)

    def learn(self, epoch: int, first: int = 0) -> Iterator[Step]:
        """Go through an epoch, counted from 0, from a step on."""
        steps = len(self.batches)
        for step, (images, targets) in enumerate(self.batches.from_step(epoch, first), first):
            rate = learning_rate_at(self.recipe, epoch, step, steps)
            self.model.optimizer.learning_rate = self.slower * rate
            logs = self.model.train_on_batch(images, targets, return_dict=True)
            loss = logs["categorical_crossentropy" if self.recipe.smoothing else "loss"]
            yield Step(len(images), float(loss), float(logs["accuracy"]))

    @contextmanager
    def at_its_best(self) -> Iterator[None]:
        """With the averaged weights, where the recipe averages; those of the last step come back afterwards."""
        if not self.recipe.averaging:
            yield
            return
        last = [variable.numpy() for variable in self.model.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        yield
        for variable, value in zip(self.model.trainable_variables, last, strict=True):
            variable.assign(value)

    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 28, 28) uint8 -> (n, 10) float32 probabilities, with the weights of this moment."""
        parts = [
            np.asarray(self.model.predict_on_batch(images[start : start + READ_AT_ONCE, ..., None].astype(np.float32)))
            for start in range(0, len(images), READ_AT_ONCE)
        ]
        return np.concatenate(parts)

    def to_arrays(self) -> Arrays:
        """Everything that the next step depends on: weights, statistics, dropout's dice, the optimiser's memory."""
        return {f"{index:04}": np.asarray(value) for index, value in enumerate(self._variables())}

    def from_arrays(self, arrays: Arrays) -> None:
        """Take up where `to_arrays` left off."""
        for index, variable in enumerate(self._variables()):
            variable.assign(arrays[f"{index:04}"])

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.model.optimizer.variables]


def make_optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    """The recipe's optimiser, its learning rate set from outside before each step."""
    averaging = {"use_ema": True, "ema_momentum": recipe.averaging} if recipe.averaging else {}
    match recipe.optimiser:
        case "sgd":
            return keras.optimizers.SGD(recipe.learning_rate, **averaging)
        case "adamw":
            decay = recipe.weight_decay
            return keras.optimizers.AdamW(recipe.learning_rate, decay, beta_2=recipe.beta_2, **averaging)
        case _:
            return keras.optimizers.Adam(recipe.learning_rate, beta_2=recipe.beta_2, **averaging)


def learning_rate_at(recipe: Recipe, epoch: int, step: int, steps: int) -> float:
    """The learning rate of a step in an epoch, both counted from 0, of so many steps an epoch."""
    match recipe.schedule:
        case "one-cycle":
            return recipe.learning_rate * _cycle(epoch * steps + step, recipe.epochs * steps, recipe.warmup)
        case "a cycle an epoch":
            return recipe.learning_rate / (epoch + 1) * _cycle(step, steps, recipe.warmup)
        case _:
            return recipe.learning_rate


def _cycle(step: int, steps: int, warmup: float) -> float:
    """From 0 to 1 in a line, and back along half a cosine: as Keras's `CosineDecay` with a warm-up has it."""
    warm = round(steps * warmup)
    return step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
