"""`python -m digitrec.training.speed RECIPE`: how many seconds a step of it, as JSON, takes on this machine."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from digitrec.recipe import Recipe, from_json
from digitrec.training.fitting import Lesson, Student, to_targets

STEPS = 12
WARM = 3  # steps that are not counted: the first makes the graph


def measure_step(recipe: Recipe) -> float:
    """The median seconds of a step."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (recipe.batch * (STEPS + WARM), 28, 28), dtype=np.uint8)
    lesson = Lesson(images, to_targets(rng.integers(0, 10, len(images)).astype(np.uint8)))
    ends = [time.perf_counter() for _ in Student(recipe, lesson).learn(0)]
    return float(np.median(np.diff(ends)[WARM - 1 :]))


if __name__ == "__main__":
    sys.stdout.write(f"{measure_step(from_json(sys.argv[1]))}\n")
