"""A training run on disk: what the worker writes and everybody else reads.

recipe -> `create` -> run folder -> `start` -> worker process -> state, history, epochs, checkpoint, model
                                                  └-> `read` by the page, a second browser, an app started later

    recipe.json     the settings                     history.csv   a row an epoch
    state.json      where it is                      steps.csv     a row every few steps
    epochs/N.npz    what it read after epoch N       log.txt       what the worker said
    now.npz         what it reads within an epoch
    checkpoint-*    weights and optimiser, to go on  model/        the network, ready to be kept
    stop            there while it is asked to stop  alive.lock    held while a worker is at it

Every file is written whole under another name and then renamed, or only ever appended to, so that a crash leaves the
last good one.
"""

import io
import json
import os
import re
import shutil
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from digitrec.errors import RecipeError, RunError, writing
from digitrec.storage import replace_file
from digitrec.training.recipe import Recipe, check_recipe, from_json, to_json

WAITING, STARTING, TRAINING, SAVING = "waiting", "starting", "training", "saving"
FINISHED, STOPPED, FAILED, DIED = "finished", "stopped", "failed", "died"
UNDER_WAY = (WAITING, STARTING, TRAINING, SAVING)
NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9-]{1,40}")
GRACE = 20.0  # seconds in which a worker that was just started need not hold its lock yet
LOG_LINES = 12


@dataclass(frozen=True)
class State:
    """Where a run is.

    Attributes
    ----------
    name : one of the words above; "died" is never written, but read where no worker is at it any more.
    epoch, step, steps : the epoch under way, from 1, its step, and how many steps it has.
    message : one sentence where there is something to say.
    updated : when this was written, seconds since 1970.
    seconds, cpu_seconds : spent in training so far, by the clock and by the processor.
    results : figures at the end, such as test accuracy.
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
        """Whether a worker is at it, or about to be."""
        return self.name in UNDER_WAY


@dataclass(frozen=True, eq=False)
class Run:
    """All that is known of a run.

    Attributes
    ----------
    folder, recipe, state : as above.
    history : a frame of a row an epoch: epoch, loss, accuracy, val_loss, val_accuracy, learning_rate, seconds.
    steps : a frame of a row every few steps: epoch, step, loss and accuracy (means since the row before), and done,
        in epochs.
    log : its last lines.
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
    def has_model(self) -> bool:
        """Whether there is a network to be kept."""
        return (self.folder / "model" / "card.json").is_file()


HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
STEPS = ("epoch", "step", "loss", "accuracy", "done")


def runs_folder() -> Path:
    """Where runs are: `DIGITREC_RUNS`, or else the user's data folder."""
    return Path(os.environ.get("DIGITREC_RUNS") or platformdirs.user_data_path("digitrec") / "runs")


def create(recipe: Recipe, drawing: NDArray[np.uint8] | None = None) -> Path:
    """A new run folder for a recipe; `drawing`, uint8 as its network takes it, is read after each epoch.

    Raises
    ------
    RecipeError, where `check_recipe` refuses it; RunError, where nothing can be written.
    """
    check_recipe(recipe)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    with _writing():
        for attempt in range(100):
            folder = runs_folder() / f"{stamp}-{recipe.network}{f'-{attempt}' if attempt else ''}"
            try:
                folder.mkdir(parents=True)
                break
            except FileExistsError:
                continue
        else:
            raise RunError("Expected a free name for a run. Received: a hundred runs in this second. Try again.")
        replace_file(folder / "recipe.json", to_json(recipe))
        if drawing is not None:
            replace_file(folder / "drawing.npy", lambda file: np.save(file, drawing, allow_pickle=False))
        write_state(folder, State())
    return folder


def _writing() -> AbstractContextManager[None]:
    advice = "Make room there, or set DIGITREC_RUNS to another folder."
    return writing(f"a run in {runs_folder()}", RunError, advice)


def request_stop(folder: Path) -> None:
    """Ask the worker to stop, keeping what was learned."""
    with suppress(FileNotFoundError):  # a run that is gone has stopped
        (folder / "stop").touch()


def is_stop_requested(folder: Path) -> bool:
    """Whether the worker is asked to stop; a folder that is gone asks so, too."""
    return (folder / "stop").exists() or not folder.exists()


def read(folder: Path) -> Run:
    """All that is known of a run.

    Raises
    ------
    RunError, where the folder is gone or is no run.
    """
    try:
        recipe = from_json((folder / "recipe.json").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RecipeError):
        raise RunError(
            f"Expected a run in {folder}. Received: a folder without a readable recipe, or none. Choose another run."
        ) from None
    return Run(
        folder,
        recipe,
        _as_it_is(folder, read_state(folder)),
        read_table(folder / "history.csv", HISTORY),
        read_table(folder / "steps.csv", STEPS),
        read_log(folder),
    )


def find(name: str) -> Path:
    """The folder of the run of this name.

    Raises
    ------
    RunError, where there is none, or the name is none that a run can have.
    """
    folder = runs_folder() / name
    if not NAME.fullmatch(name) or not (folder / "recipe.json").is_file():
        raise RunError(f"Expected the name of a run in {runs_folder()}. Received: {name!r}. Choose one that is there.")
    return folder


def list_runs() -> list[str]:
    """The names of all runs, the newest first."""
    folder = runs_folder()
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(
        (run.name for run in found if NAME.fullmatch(run.name) and (run / "recipe.json").is_file()), reverse=True
    )


def delete(folder: Path) -> None:
    """Delete a run that has ended.

    Raises
    ------
    RunError, where it is under way.
    """
    if read(folder).state.is_under_way:
        raise RunError("Expected a run that has ended. Received: one under way. Stop it first.")
    shutil.rmtree(folder, ignore_errors=True)


def alive(folder: Path) -> FileLock:
    """The lock that a worker holds as long as it lives."""
    return FileLock(folder / "alive.lock")


def turn() -> FileLock:
    """The lock that a worker waits for: one training at a time."""
    runs_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(runs_folder() / "turn.lock")


def read_state(folder: Path) -> State:
    """The state as it was written last."""
    try:
        return State(**json.loads((folder / "state.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return State(FAILED, message="The state of this run cannot be read. Delete it, and train again.")


def write_state(folder: Path, state: State) -> None:
    """Write where the run is."""
    replace_file(folder / "state.json", json.dumps(asdict(replace(state, updated=time.time()))))


def write_table(path: Path, rows: list[dict[Any, Any]], columns: tuple[str, ...]) -> None:
    """Write rows as a table; its head alone where there are none."""
    replace_file(path, pd.DataFrame(rows, columns=list(columns)).to_csv(index=False))


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A table of numbers; without rows where there is none yet. What is no whole row, as after a crash, is left out."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        text = ""
    whole = text[: text.rfind("\n") + 1]
    if whole.strip():
        table = pd.read_csv(io.StringIO(whole), on_bad_lines="skip")
        if set(columns) <= set(table.columns):
            return table.apply(pd.to_numeric, errors="coerce").dropna()
    return pd.DataFrame({column: pd.Series(dtype=float) for column in columns})


def read_log(folder: Path) -> str:
    """The last lines that the worker said."""
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_LINES:])


def _as_it_is(folder: Path, state: State) -> State:
    """The state, or that the worker died: what it wrote last says that it is at it, and nobody is."""
    is_young = state.name == WAITING and time.time() - state.updated < GRACE
    if not state.is_under_way or is_young or _is_held(alive(folder)):
        return state
    return replace(state, name=DIED, message="The training process ended without a word. It can go on.")


def _is_held(lock: FileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
