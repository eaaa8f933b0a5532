"""Train a network by a recipe, one step at a time.

recipe, training set -> `Trainer` -> `train_epoch` -> the loss of each step         state <-> `to_arrays`, `from_arrays`

The steps are those of Keras's `fit`. They are run one by one, so that training can be observed, stopped after any
step and resumed from there.
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
from digitrec.training.worker.losses import keras_ctc_loss, whole_number_accuracy
from digitrec.training.worker.minibatches import ComposedNumbers, TrainingSet, prepare
from digitrec.training.worker.network import build_keras

Arrays = dict[str, NDArray[np.generic]]
READ_AT_ONCE = 500  # images of 28 x 28


@dataclass(frozen=True)
class Step:
    """The number of images in a step, and their mean loss and accuracy before the weights were updated.

    The loss is computed without label smoothing, so that it is comparable with other losses.
    """

    images: int
    loss: float
    accuracy: float


class Trainer:
    """A network in training."""

    def __init__(self, recipe: Recipe, data: TrainingSet | ComposedNumbers) -> None:
        """Build the network with random initial weights; the same seed gives the same weights.

        `data` has to match the input of the recipe's network: digits or numbers.
        """
        keras.utils.set_random_seed(recipe.seed)
        standardised = recipe.scaling == "standardised"  # counting takes half a second
        statistics = mean_and_deviation(count_greys(data.images)) if standardised else ()
        self.recipe, self.batches = recipe, prepare(data, recipe)
        self.slower = 1.0  # factor on the recipe's learning rate, halved on a plateau
        self.model = build_keras(recipe.network, recipe.scaling, *(statistics or (0.0, 1.0)), recipe.precision)
        # On a CPU, XLA is eight times slower for these convolutions than plain kernels: 125 against 992 images/s.
        loss, metrics = _loss_and_metrics(recipe, data)
        self.model.compile(make_optimizer(recipe), loss, metrics=metrics, jit_compile=False)
        self.model.optimizer.build(self.model.trainable_variables)

    def train_epoch(self, epoch: int, first: int = 0) -> Iterator[Step]:
        """Train for the rest of an epoch, starting at step `first`; both are counted from 0."""
        steps = len(self.batches)
        for step, (images, targets) in enumerate(self.batches.from_step(epoch, first), first):
            rate = learning_rate_at(self.recipe, epoch, step, steps)
            self.model.optimizer.learning_rate = self.slower * rate
            logs = self.model.train_on_batch(images, targets, return_dict=True)
            loss = logs["categorical_crossentropy" if self.recipe.label_smoothing else "loss"]
            yield Step(len(images), float(loss), float(logs["accuracy"]))

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Use the moving average of the weights, if the recipe has one; afterwards, restore the current weights."""
        if not self.recipe.ema_momentum:
            yield
            return
        last = [variable.numpy() for variable in self.model.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        yield
        for variable, value in zip(self.model.trainable_variables, last, strict=True):
            variable.assign(value)

    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 28, w) uint8 -> (n, 10) float32 probabilities, or (n, 64, 11), with the current weights."""
        size = max(1, READ_AT_ONCE * SIDE // images.shape[2])
        parts = [
            np.asarray(self.model.predict_on_batch(images[start : start + size, ..., None].astype(np.float32)))
            for start in range(0, len(images), size)
        ]
        return np.concatenate(parts)

    def to_arrays(self) -> Arrays:
        """The state of training: weights, running statistics, and the states of dropout and the optimiser."""
        return {f"{index:04}": np.asarray(value) for index, value in enumerate(self._variables())}

    def from_arrays(self, arrays: Arrays) -> None:
        """Restore the state that `to_arrays` returned."""
        for index, variable in enumerate(self._variables()):
            variable.assign(arrays[f"{index:04}"])

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.model.optimizer.variables]


def _loss_and_metrics(recipe: Recipe, data: TrainingSet | ComposedNumbers) -> tuple[Any, list[Any]]:
    """The loss function and the metrics; `accuracy` is that of digits or of whole numbers."""
    if isinstance(data, ComposedNumbers):
        return keras_ctc_loss, [whole_number_accuracy]
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    return loss, ["accuracy", "categorical_crossentropy"] if recipe.label_smoothing else ["accuracy"]


def make_optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    """For the `Trainer`: the recipe's optimiser. The trainer sets its learning rate before each step."""
    average = {"use_ema": True, "ema_momentum": recipe.ema_momentum} if recipe.ema_momentum else {}
    match recipe.optimiser:
        case "sgd":
            return keras.optimizers.SGD(recipe.learning_rate, **average)
        case "adamw":
            decay = recipe.weight_decay
            return keras.optimizers.AdamW(recipe.learning_rate, decay, beta_2=recipe.beta_2, **average)
        case _:
            return keras.optimizers.Adam(recipe.learning_rate, beta_2=recipe.beta_2, **average)


def learning_rate_at(recipe: Recipe, epoch: int, step: int, steps: int) -> float:
    """The learning rate of a step in an epoch, both counted from 0; `steps` is the number of steps per epoch."""
    clean = min(recipe.clean_epochs, recipe.epochs) if recipe.has_clean_rate else 0
    until = recipe.epochs - clean
    if clean and epoch >= until:
        return recipe.clean_learning_rate * one_cycle((epoch - until) * steps + step, clean * steps, 0)
    match recipe.schedule:
        case "one-cycle":
            return recipe.learning_rate * one_cycle(epoch * steps + step, until * steps, recipe.warmup)
        case "a cycle an epoch":
            return recipe.learning_rate / (epoch + 1) * one_cycle(step, steps, recipe.warmup)
        case _:
            return recipe.learning_rate


def one_cycle(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up from 0 to 1, then cosine decay to 0, as Keras's `CosineDecay` with a warm-up."""
    warm = round(steps * warmup)
    return step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
