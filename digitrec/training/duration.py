"""How long a training will take on this machine, from the measured time of a step.

recipe -> `measure_step`: a few steps in a separate process -> seconds per step, kept on disk -> `estimate`
"""

import json
import math
import subprocess
import sys
import threading
import time

from digitrec.errors import RunError
from digitrec.storage import cache_folder, replace_file
from digitrec.training.recipe import Recipe, to_json
from digitrec.training.run_folders import runs, signals

FILE = "speeds.json"
START = 7.0  # seconds until the first step, most of them for loading TensorFlow
CHECK = 0.1  # of an epoch's time, for the validation
_MEASURING = threading.Lock()  # two measurements at a time would slow each other down


def step_key(recipe: Recipe) -> str:
    """The settings that the time of a step depends on, as text: recipes with the same key have the same time."""
    precision = "" if recipe.precision == "float32" else f" {recipe.precision}"
    return f"{recipe.network} {recipe.batch_size}{' augmented' if recipe.augmentation else ''}{precision}"


def known_step(recipe: Recipe) -> float | None:
    """Seconds per step, where they were measured on this machine before; else None."""
    value = _read().get(step_key(recipe))
    return value if isinstance(value, float) and value > 0 else None


def measure_step(recipe: Recipe) -> float:
    """Measure the seconds per step, which takes about ten seconds, and keep them.

    Raises
    ------
    RunError, where they cannot be measured, or where a training ran meanwhile, which slows a step down.
    """
    with _MEASURING:
        began = time.time()
        _refuse_beside_training(began)
        command = [sys.executable, "-m", "digitrec.training.worker.step_time", to_json(recipe)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
        try:
            seconds = float(ran.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            raise RunError("Expected the time of a step. Received: none. Train without an estimate.") from None
        _refuse_beside_training(began)
        cache_folder().mkdir(parents=True, exist_ok=True)
        replace_file(cache_folder() / FILE, json.dumps(_read() | {step_key(recipe): seconds}))
    return seconds


def _refuse_beside_training(began: float) -> None:
    if signals.is_training_lock_held() or runs.last_update() >= began:
        raise RunError(
            "Expected no training while a step is measured. Received: one under way. Measure when it has ended."
        )


def estimate(recipe: Recipe, images: int, step: float) -> float:
    """Seconds that a training on so many images takes, at `step` seconds per step."""
    steps = math.ceil(images / recipe.batch_size)
    return START + recipe.epochs * steps * step * (1 + CHECK)


def _read() -> dict[str, float]:
    try:
        speeds = json.loads((cache_folder() / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return speeds if isinstance(speeds, dict) else {}
