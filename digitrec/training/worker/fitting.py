"""Fit a network to images by a recipe, a step at a time.

recipe, lesson -> `Trainer` -> `learn` -> a step's loss, again and again          state <-> `to_arrays`, `from_arrays`

The steps are those of Keras's `fit`; they are taken one by one so that training can be watched, stopped within a step
and taken up again where it stopped.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.exploration.pixels import count_greys, mean_and_deviation
from digitrec.ink.preprocessing import SIDE
from digitrec.training.recipe import Recipe
from digitrec.training.worker.losses import ctc_loss, whole_number_accuracy
from digitrec.training.worker.minibatches import ComposedNumbers, TrainingSet, prepare
from digitrec.training.worker.network import build

Arrays = dict[str, NDArray[np.generic]]
READ_AT_ONCE = 500  # images of 28 x 28


@dataclass(frozen=True)
class Step:
    """How a step went: over so many images, the mean loss and the share read rightly before they were learned.

    The loss is that of the targets as they are, so that it compares with others where the recipe smooths them.
    """

    images: int
    loss: float
    accuracy: float


class Trainer:
    """A network under training."""

    def __init__(self, recipe: Recipe, lesson: TrainingSet | ComposedNumbers) -> None:
        """With fresh weights, the same for the same seed; `lesson` suits what the recipe's network reads."""
        keras.utils.set_random_seed(recipe.seed)
        standardised = recipe.scaling == "standardised"  # the others can do without counting, which takes half a second
        light = mean_and_deviation(count_greys(lesson.images)) if standardised else ()
        self.recipe, self.batches = recipe, prepare(lesson, recipe)
        self.slower = 1.0  # than the recipe's learning rate, after a plateau
        self.model = build(recipe.network, recipe.scaling, *(light or (0.0, 1.0)), recipe.precision)
        # XLA is eight times slower than plain kernels for these convolutions on a CPU: 125 against 992 images/s.
        loss, metrics = _judges(recipe, lesson)
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
        """(n, 28, w) uint8 -> (n, 10) float32 probabilities, or (n, 64, 11), with the weights of this moment."""
        size = max(1, READ_AT_ONCE * SIDE // images.shape[2])
        parts = [
            np.asarray(self.model.predict_on_batch(images[start : start + size, ..., None].astype(np.float32)))
            for start in range(0, len(images), size)
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


def _judges(recipe: Recipe, lesson: TrainingSet | ComposedNumbers) -> tuple[Any, list[Any]]:
    """The loss that is lowered, and what else is counted; `accuracy` is the share of digits or numbers read rightly."""
    if isinstance(lesson, ComposedNumbers):
        return ctc_loss, [whole_number_accuracy]
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing)
    return loss, ["accuracy", "categorical_crossentropy"] if recipe.smoothing else ["accuracy"]


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
    settling = min(recipe.settling, recipe.epochs) if recipe.settles_slowly else 0
    until = recipe.epochs - settling
    if settling and epoch >= until:
        return recipe.settling_rate * one_cycle((epoch - until) * steps + step, settling * steps, 0)
    match recipe.schedule:
        case "one-cycle":
            return recipe.learning_rate * one_cycle(epoch * steps + step, until * steps, recipe.warmup)
        case "a cycle an epoch":
            return recipe.learning_rate / (epoch + 1) * one_cycle(step, steps, recipe.warmup)
        case _:
            return recipe.learning_rate


def one_cycle(step: int, steps: int, warmup: float) -> float:
    """From 0 to 1 in a line, and back along half a cosine: as Keras's `CosineDecay` with a warm-up has it."""
    warm = round(steps * warmup)
    return step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
