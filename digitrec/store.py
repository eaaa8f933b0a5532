"""Arrays that took long to make, kept as files so that they are made once."""

import logging
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger("digitrec")


def keep_arrays(path: Path, **arrays: NDArray[np.generic]) -> None:
    """Write arrays to a .npz so that no half-written file is ever found under its name.

    Where nothing can be written (a full disk, a folder that is read-only) the log says so: they are made again next
    time.
    """
    draft = path.with_suffix(f".{os.getpid()}.part.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(draft, allow_pickle=False, **arrays)
        draft.replace(path)
    except OSError as error:
        log.warning("%s could not be kept: %s", path, error)
        draft.unlink(missing_ok=True)


def kept_arrays(path: Path) -> dict[str, NDArray[np.generic]] | None:
    """The arrays that `keep_arrays` wrote; None where there are none, or they are damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s is damaged and is made again: %s", path, error)
        return None
