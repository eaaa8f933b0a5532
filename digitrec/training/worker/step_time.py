"""`python -m digitrec.training.worker.step_time RECIPE`: the time of a training step on this machine, in seconds."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from digitrec.datasets import Split
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.ink.drawings import to_image
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.recipe import Recipe, from_json
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import ComposedNumbers, TrainingSet, to_targets

STEPS = 12
WARMUP = 3  # steps that are not measured: the first builds the graph


def measure_step(recipe: Recipe) -> float:
    """The median time of a step, in seconds."""
    rng = np.random.default_rng(0)
    labels = np.arange(recipe.batch_size * (STEPS + WARMUP), dtype=np.uint8) % 10
    data: TrainingSet | ComposedNumbers
    if ARCHITECTURES[recipe.network].reads == "number":  # composing numbers needs images of digits, not noise
        digits = np.stack([to_image(own_sample(label, rng).drawing) for label in range(10)])
        data = ComposedNumbers(Split(digits[labels], labels))
    else:
        data = TrainingSet(rng.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8), to_targets(labels))
    ends = [time.perf_counter() for _ in Trainer(recipe, data).train_epoch(0)]
    return float(np.median(np.diff(ends)[WARMUP - 1 :]))


if __name__ == "__main__":
    sys.stdout.write(f"{measure_step(from_json(sys.argv[1]))}\n")
