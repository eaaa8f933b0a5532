"""How the app and a worker signal to each other through files: requests to stop, and locks."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from digitrec.storage import runs_folder


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


def run_lock(folder: Path) -> FileLock:
    """The lock in a run's folder that its worker holds as long as it runs."""
    return FileLock(folder / "alive.lock")


def training_lock() -> FileLock:
    """The lock in the runs folder that a worker holds while it trains: one training at a time."""
    runs_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(runs_folder() / "turn.lock")


def is_any_run_under_way() -> bool:
    """Whether the training lock is held: some run is being trained now, by whatever app or terminal."""
    return (runs_folder() / "turn.lock").exists() and is_held(training_lock())


def is_held(lock: FileLock) -> bool:
    """Whether a worker holds this lock."""
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
