"""A training run on disk: the worker writes it, and everyone else reads it.

recipe -> `create` -> run folder -> worker process -> state, curves, snapshots, checkpoint, model
                                                  └-> `read` by the page, a second browser, an app started later

    recipe.json       the settings                   history.csv   a row per epoch
    state.json        how far it is                  steps.csv     a row every few steps
    epochs/N.npz      snapshot after epoch N         log.txt       the output of the worker
    now.npz           snapshot within an epoch       drawing.npy   a drawing that it classifies meanwhile
    checkpoint.npz    what the next step needs       best.npz      the same, of the epoch with the lowest loss
    environment.json  versions of the libraries      model/        the trained network, ready to be kept
    stop              exists while it should stop    alive.lock    held as long as a worker is running

These files are written and read here, in `run_tables`, `snapshots` and `checkpoints`, and nowhere else. Each is written
under another name and then renamed, or only appended to, so that a crash leaves the last good one.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import platformdirs
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from digitrec.errors import RecipeError, RunError, writing
from digitrec.storage import replace_file
from digitrec.training.recipe import Recipe, from_json, to_json
from digitrec.training.run_folders.run_tables import read_history, read_steps
from digitrec.training.run_folders.snapshots import write_drawing

WAITING, STARTING, TRAINING, SAVING = "waiting", "starting", "training", "saving"
FINISHED, STOPPED, FAILED, DIED = "finished", "stopped", "failed", "died"
UNDER_WAY = (WAITING, STARTING, TRAINING, SAVING)
NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9-]{1,40}")
GRACE = 20.0  # seconds that a worker has to start before its lock is expected to be held
LOG_LINES = 12


@dataclass(frozen=True)
class State:
    """How far a run is.

    Attributes
    ----------
    name : one of the words above. "died" is never written; it is what `read` returns where the worker is gone.
    epoch, step, steps : the current epoch, from 1, its current step, and the number of its steps.
    message : a sentence for people; empty where there is nothing to say.
    updated : when this was written, in seconds since 1970.
    seconds, cpu_seconds : spent on training so far, by the clock and by the processor.
    results : figures of the trained network, such as test_accuracy.
    """

    name: str = WAITING
    epoch: int = 0
    step: int = 0
    steps: int = 0
    message: str = ""
    updated: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    results: dict[str, float] | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is training it or will be."""
        return self.name in UNDER_WAY


@dataclass(frozen=True, eq=False)
class Run:
    """Everything that is known about a run.

    Attributes
    ----------
    folder, recipe, state : as above.
    history, steps : frames as `run_tables.read_history` and `run_tables.read_steps` return them.
    log : the last lines of the worker's output.
    """

    folder: Path
    recipe: Recipe
    state: State
    history: pd.DataFrame
    steps: pd.DataFrame
    log: str

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def model(self) -> Path:
        """The folder of the trained network."""
        return model_folder(self.folder)

    @property
    def has_model(self) -> bool:
        """Whether there is a trained network."""
        return has_model(self.folder)


def create(recipe: Recipe, drawing: NDArray[np.uint8] | None = None) -> Path:
    """A new run folder for a recipe; `drawing`, uint8 as its network takes it, is classified after each epoch.

    Raises
    ------
    RunError, where nothing can be written.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    with writing_run():
        for attempt in range(100):
            folder = runs_folder() / f"{stamp}-{recipe.network}{f'-{attempt}' if attempt else ''}"
            try:
                folder.mkdir(parents=True)
                break
            except FileExistsError:
                continue
        else:
            raise RunError("Expected a free name for a run. Received: a hundred runs in this second. Try again.")
        write_recipe(folder, recipe)
        if drawing is not None:
            write_drawing(folder, drawing)
        write_state(folder, State())
    return folder


def writing_run() -> AbstractContextManager[None]:
    """Turn an OSError into a RunError that says where nothing could be written, and what to do."""
    advice = "Make room there, or set DIGITREC_RUNS to another folder."
    return writing(f"a run in {runs_folder()}", RunError, advice)


def exists(folder: Path) -> bool:
    """Whether a folder is a run."""
    return (folder / "recipe.json").is_file()


def read(folder: Path) -> Run:
    """Everything that is known about a run.

    Raises
    ------
    RunError, where the folder is gone or is not a run.
    """
    try:
        recipe = from_json((folder / "recipe.json").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RecipeError):
        raise RunError(
            f"Expected a run in {folder}. Received: a folder without a readable recipe, or none. Choose another run."
        ) from None
    state = _as_it_is(folder, read_state(folder))
    return Run(folder, recipe, state, read_history(folder), read_steps(folder), read_log(folder))


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the settings."""
    replace_file(folder / "recipe.json", to_json(recipe))


def model_folder(folder: Path) -> Path:
    """The folder that the trained network is written to."""
    return folder / "model"


def has_model(folder: Path) -> bool:
    """Whether there is a trained network."""
    return (model_folder(folder) / "card.json").is_file()


def find(name: str) -> Path:
    """The folder of the run of this name.

    Raises
    ------
    RunError, where there is none, or where it is not a run's name.
    """
    folder = runs_folder() / name
    if not NAME.fullmatch(name) or not exists(folder):
        raise RunError(f"Expected the name of a run in {runs_folder()}. Received: {name!r}. Choose one that is there.")
    return folder


def list_runs() -> list[str]:
    """The names of all runs, the newest first."""
    folder = runs_folder()
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted((run.name for run in found if NAME.fullmatch(run.name) and exists(run)), reverse=True)


def delete(folder: Path) -> None:
    """Delete a run that has ended.

    Raises
    ------
    RunError, where it is under way.
    """
    if read(folder).state.is_under_way:
        raise RunError("Expected a run that has ended. Received: one under way. Stop it first.")
    shutil.rmtree(folder, ignore_errors=True)


def last_update() -> float:
    """When a worker last wrote the state of any run, in seconds since 1970; 0 where there are no runs."""
    return max((read_state(runs_folder() / name).updated for name in list_runs()), default=0.0)


def read_state(folder: Path) -> State:
    """The state as it was written last."""
    try:
        return State(**json.loads((folder / "state.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return State(FAILED, message="The state of this run cannot be read. Delete it, and train again.")


def write_state(folder: Path, state: State) -> None:
    """Write how far the run is."""
    replace_file(folder / "state.json", json.dumps(asdict(replace(state, updated=time.time()))))


def write_environment(folder: Path, environment: Mapping[str, Any]) -> None:
    """Write the versions of the libraries that a run is trained with into its folder."""
    replace_file(folder / "environment.json", json.dumps(environment, indent=2))


def open_run_log(folder: Path) -> BinaryIO:
    """Open the log of a run folder, which the worker's output is appended to."""
    return (folder / "log.txt").open("ab")


def read_log(folder: Path) -> str:
    """The last lines of the worker's output."""
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_LINES:])


def _as_it_is(folder: Path, state: State) -> State:
    """The state, or "died" where it says that a worker is running and none is."""
    is_young = state.name == WAITING and time.time() - state.updated < GRACE
    if not state.is_under_way or is_young or is_held(run_lock(folder)):
        return state
    return replace(state, name=DIED, message="The training process ended unexpectedly. It can be resumed.")


def run_lock(folder: Path) -> FileLock:
    """The lock in a run's folder that its worker holds as long as it runs."""
    return FileLock(folder / "alive.lock")


def is_held(lock: FileLock) -> bool:
    """Whether a worker holds this lock."""
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def runs_folder() -> Path:
    """The folder of all runs: `DIGITREC_RUNS`, by default in the user's data folder."""
    return Path(os.environ.get("DIGITREC_RUNS") or platformdirs.user_data_path("digitrec") / "runs")
