"""Worker processes: starting one for a run, keeping one warm, and resuming a run."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from digitrec.errors import RecipeError, RunError
from digitrec.training.recipe import change
from digitrec.training.run_folders import runs, signals

_STARTED: list[subprocess.Popen[bytes]] = []  # kept so that those that have ended can be reaped
_WARM: list[subprocess.Popen[bytes]] = []  # the one worker, if any, that has loaded TensorFlow and waits for a run


def start(folder: Path) -> None:
    """Start the worker of a run, in a process that outlives the app; it resumes where there is a checkpoint.

    Raises
    ------
    RunError, where nothing can be written.
    """
    with runs.writing_run():
        signals.withdraw_stop(folder)
        runs.write_state(folder, replace(runs.read_state(folder), name=runs.WAITING, message=""))
    if _hand_over(folder):
        return
    with runs.writing_run(), runs.open_run_log(folder) as log:
        worker = subprocess.Popen(  # noqa: S603  our own program, and a folder that `create` named
            [sys.executable, "-m", "digitrec.training.worker", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _remember(worker)


def warm_up() -> None:
    """Have a worker load TensorFlow and wait, unless one does already: the next run starts seconds sooner."""
    if _WARM and _WARM[0].poll() is None:
        return
    _WARM[:] = [
        subprocess.Popen(
            [sys.executable, "-m", "digitrec.training.worker", "--wait"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    ]


def _hand_over(folder: Path) -> bool:
    """Give a run to the worker that waits; False where none does."""
    if not _WARM:
        return False
    worker = _WARM.pop()
    _remember(worker)
    if worker.stdin is None or worker.poll() is not None:
        return False
    try:
        worker.stdin.write(f"{folder.absolute()}\n".encode())
        worker.stdin.close()
    except OSError:  # it gave up waiting at this very moment
        return False
    return True


def _remember(worker: "subprocess.Popen[bytes]") -> None:
    _STARTED[:] = [*(other for other in _STARTED if other.poll() is None), worker]


def resume(folder: Path, changes: Mapping[str, Any]) -> None:
    """Start a process for a run that has ended, with other `epochs` or another `learning_rate`.

    Raises
    ------
    RunError, where it is being trained, or has had all its epochs; RecipeError, where a setting is refused.
    """
    run = runs.read(folder)
    if run.state.is_under_way:
        raise RunError("Expected a run that has ended. Received: one under way. Stop it first.")
    recipe = change(run.recipe, **changes)
    if set(changes) - {"epochs", "learning_rate"}:
        raise RecipeError("Expected a change of epochs or learning rate. Received: another. Start a new run for that.")
    if len(run.history) >= recipe.epochs:
        raise RunError(
            f"Expected more than the {len(run.history)} epochs that are done. Received: {recipe.epochs}. Ask for more."
        )
    with runs.writing_run():
        runs.write_recipe(folder, recipe)
    start(folder)
