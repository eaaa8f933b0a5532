"""How the app and a worker signal to each other through files: requests to stop, and locks."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from digitrec.training.run_folders.runs import is_held, runs_folder


def request_stop(folder: Path) -> None:
    """Signal to the worker to stop, keeping what was learned."""
    with suppress(FileNotFoundError):  # a run that was deleted has stopped
        (folder / "stop").touch()


def withdraw_stop(folder: Path) -> None:
    """Withdraw the signal to stop."""
    (folder / "stop").unlink(missing_ok=True)


def is_stop_requested(folder: Path) -> bool:
    """Whether the worker is signalled to stop; also true where the folder was deleted."""
    return (folder / "stop").exists() or not folder.exists()


def training_lock() -> FileLock:
    """The lock in the runs folder that a worker holds while it trains: one training at a time."""
    runs_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(runs_folder() / "turn.lock")


def is_training_lock_held() -> bool:
    """Whether some worker holds the training lock: a run is being trained now, by whatever app or terminal."""
    return (runs_folder() / "turn.lock").exists() and is_held(training_lock())
