"""How long a training will take on this machine: from a measured step, and remembered.

recipe -> a few steps in a process of their own -> seconds a step, kept in the runs folder -> `estimate`
"""

import json
import math
import subprocess
import sys

from digitrec.errors import RunError
from digitrec.training.recipe import Recipe, to_json
from digitrec.training.runs import runs_folder, write_text

FILE = "speeds.json"
START = 7.0  # seconds until the first step, most of them TensorFlow's import
CHECK = 0.1  # of an epoch's time, for reading the images that were kept aside


def known_step(recipe: Recipe) -> float | None:
    """Seconds a step takes, if it was measured here before; None where it was not."""
    value = _read().get(_key(recipe))
    return value if isinstance(value, float) and value > 0 else None


def measure_step(recipe: Recipe) -> float:
    """Measure a step and remember it; some ten seconds.

    Raises
    ------
    RunError, where it cannot be measured.
    """
    command = [sys.executable, "-m", "digitrec.training.worker.step_time", to_json(recipe)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
    try:
        seconds = float(ran.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise RunError("Expected the time of a step. Received: none. Train without an estimate.") from None
    runs_folder().mkdir(parents=True, exist_ok=True)
    write_text(runs_folder() / FILE, json.dumps(_read() | {_key(recipe): seconds}))
    return seconds


def estimate(recipe: Recipe, images: int, step: float) -> float:
    """Seconds until a training on so many images is done, with `step` seconds a step."""
    steps = math.ceil(images / recipe.batch_size)
    return START + recipe.epochs * steps * step * (1 + CHECK)


def _read() -> dict[str, float]:
    try:
        speeds = json.loads((runs_folder() / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return speeds if isinstance(speeds, dict) else {}


def _key(recipe: Recipe) -> str:
    precision = "" if recipe.precision == "float32" else f" {recipe.precision}"
    return f"{recipe.network} {recipe.batch_size}{' augmented' if recipe.augmentation else ''}{precision}"
