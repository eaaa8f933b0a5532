"""The path network, which reads the path of the pen, and its training.

strokes, targets -> varied in each epoch -> `to_path` -> convolutions along the path -> ten probabilities
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.synthetic.stroke_variation import Variation, vary_strokes
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path
from digitrec.ink.types import Strokes
from digitrec.training.worker.fitting import one_cycle

WIDTHS = (32, 64, 96)  # filters of each convolution
SPAN = 5  # points that a filter covers
BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY, EMA_MOMENTUM, WARMUP = 128, 3e-3, 1e-2, 0.995, 0.1
LABEL_SMOOTHING = 0.05


@dataclass(frozen=True, eq=False)
class PathTrainingSet:
    """Drawings and their target probabilities, (n, 10) float32: a tenth for each digit where it is a non-digit."""

    strokes: Sequence[Strokes]
    targets: NDArray[np.float32]


def build_path_network() -> keras.Model:
    """The network with initial weights: (n, 64, 5, 1) float32 as from `to_path` -> (n, 10)."""
    layers = [keras.Input((POINTS, FEATURES, 1), name="path"), keras.layers.Reshape((POINTS, FEATURES))]
    for width in WIDTHS:
        layers += [
            keras.layers.Conv1D(width, SPAN, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            *([keras.layers.MaxPooling1D(2)] if width != WIDTHS[-1] else []),
        ]
    layers += [keras.layers.Flatten(), keras.layers.Dropout(0.4), keras.layers.Dense(10, activation="softmax")]
    return keras.Sequential(layers, name="digitrec_path")


def train_paths(training_set: PathTrainingSet, epochs: int, seed: int, on_epoch: Callable[[int], None]) -> keras.Model:
    """Train from initial weights, the same for the same seed; `on_epoch` is called after each epoch, counted from 1."""
    keras.utils.set_random_seed(seed)
    model = build_path_network()
    optimizer = keras.optimizers.AdamW(LEARNING_RATE, WEIGHT_DECAY, use_ema=True, ema_momentum=EMA_MOMENTUM)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING)
    model.compile(optimizer, loss, jit_compile=False)
    steps = math.ceil(len(training_set.strokes) / BATCH_SIZE)
    for epoch in range(epochs):
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(training_set.strokes))
        for step in range(steps):
            optimizer.learning_rate = LEARNING_RATE * one_cycle(epoch * steps + step, epochs * steps, WARMUP)
            chosen = order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
            paths = [to_path(vary_strokes(training_set.strokes[place], Variation(), rng)) for place in chosen]
            model.train_on_batch(np.stack(paths)[..., None], training_set.targets[chosen])
        on_epoch(epoch + 1)
    optimizer.finalize_variable_values(model.trainable_variables)
    return model
