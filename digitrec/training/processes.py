"""Worker processes: starting one for a run, keeping one warm, and letting a run go on."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from digitrec.errors import RecipeError, RunError
from digitrec.storage import replace_file
from digitrec.training.recipe import change, to_json
from digitrec.training.runs import WAITING, _writing, read, read_state, write_state

_STARTED: list[subprocess.Popen[bytes]] = []  # so that those that have ended are buried
_WAITING: list[subprocess.Popen[bytes]] = []  # the one worker that has loaded TensorFlow and waits, if any


def start(folder: Path) -> None:
    """Start the worker of a run, a process of its own that outlives the app; or let it go on from its checkpoint.

    Raises
    ------
    RunError, where nothing can be written.
    """
    with _writing():
        (folder / "stop").unlink(missing_ok=True)
        write_state(folder, replace(read_state(folder), name=WAITING, message=""))
    if _hand_over(folder):
        return
    with _writing(), (folder / "log.txt").open("ab") as log:
        worker = subprocess.Popen(  # noqa: S603  our own program, and a folder that `create` named
            [sys.executable, "-m", "digitrec.training.worker", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _remember(worker)


def warm_up() -> None:
    """Have a worker wait that has loaded TensorFlow already, if none does: the next run begins seconds sooner."""
    if _WAITING and _WAITING[0].poll() is None:
        return
    _WAITING[:] = [
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
    if not _WAITING:
        return False
    worker = _WAITING.pop()
    _remember(worker)
    if worker.stdin is None or worker.poll() is not None:
        return False
    try:
        worker.stdin.write(f"{folder.absolute()}\n".encode())
        worker.stdin.close()
    except OSError:  # it lost its patience at this very moment
        return False
    return True


def _remember(worker: "subprocess.Popen[bytes]") -> None:
    _STARTED[:] = [*(other for other in _STARTED if other.poll() is None), worker]


def go_on(folder: Path, changes: Mapping[str, Any]) -> None:
    """Let a run that has ended go on from where it stopped, with other `epochs` or another `learning_rate`.

    Raises
    ------
    RunError, where it is under way, or at its last epoch already; RecipeError, where a setting is refused.
    """
    run = read(folder)
    if run.state.is_under_way:
        raise RunError("Expected a run that has ended. Received: one under way. Stop it first.")
    recipe = change(run.recipe, changes)
    if set(changes) - {"epochs", "learning_rate"}:
        raise RecipeError("Expected a change of epochs or learning rate. Received: another. Start a new run for that.")
    if len(run.history) >= recipe.epochs:
        raise RunError(
            f"Expected more than the {len(run.history)} epochs that are done. Received: {recipe.epochs}. Ask for more."
        )
    with _writing():
        replace_file(folder / "recipe.json", to_json(recipe))
    start(folder)
