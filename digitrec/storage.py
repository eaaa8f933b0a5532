"""Where digitrec's own files lie; arrays that took long to make, kept as files; and files of arrays, read with care."""

import hashlib
import logging
import os
import threading
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger("digitrec")

StrPath = str | PathLike[str]  # what public functions take for a path

ROWS_AT_ONCE = 640

# What NumPy and its unpacking raise on a file whose bytes are not those that were written.
DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)


BUNDLE = Path(__file__).parent / "bundle"  # in an installed package only; pyproject.toml says what the build puts there


def top_folder() -> Path:
    """The folder that holds app.py, pages/, models/ and .streamlit/: in an installed package, or the repository's."""
    return BUNDLE if BUNDLE.is_dir() else Path(__file__).parents[1]


def keep_arrays(path: StrPath, **arrays: NDArray[np.generic]) -> None:
    """Write arrays to a .npz so that no half-written file is ever found under its name.

    Where nothing can be written (a full disk, a folder that is read-only) the log says so: they are made again next
    time.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_arrays(path, **arrays)
    except OSError as error:
        log.warning("%s could not be kept: %s", path, error)


def fingerprint(*arrays: NDArray[Any]) -> str:
    """Twelve letters that tell these arrays, by their bytes, from others."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:12]


def write_rows(
    path: StrPath, see: Callable[[Any], NDArray[np.float32]], images: NDArray[Any], progress: Callable[[float], None]
) -> None:
    """Write `see(images)`, float32 rows, to a .npy chunk by chunk, so that it never has to fit into memory at once.

    Raises
    ------
    OSError, where it cannot be written; then nothing is left of it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part.npy")
    try:
        width = see(images[:1]).shape[1]
        rows = np.lib.format.open_memmap(draft, "w+", np.float32, (len(images), width))
        for start in range(0, len(images), ROWS_AT_ONCE):
            rows[start : start + ROWS_AT_ONCE] = see(images[start : start + ROWS_AT_ONCE])
            progress(min(start + ROWS_AT_ONCE, len(images)) / len(images))
        rows.flush()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def replace_arrays(path: StrPath, **arrays: NDArray[np.generic]) -> None:
    """Write arrays to a .npz, in place of the one that was there once the new one is whole; OSError where it cannot."""
    path = Path(path)
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part.npz")
    try:
        np.savez(draft, allow_pickle=False, **arrays)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_arrays(path: StrPath, names: Iterable[str] | None = None) -> dict[str, NDArray[np.generic]]:
    """The arrays of a .npz, or those of these names; plain arrays alone, no objects.

    Raises
    ------
    FileNotFoundError, or another of `DAMAGED` where the file is no such .npz.
    """
    path = Path(path)
    with path.open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("one array, not a .npz of several")  # noqa: TRY004  as for any other file that is no .npz
        with arrays:
            return {name: arrays[name] for name in (arrays.files if names is None else names)}


def kept_arrays(path: StrPath) -> dict[str, NDArray[np.generic]] | None:
    """The arrays that `keep_arrays` wrote; None where there are none, or they are damaged."""
    try:
        return read_arrays(path)
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        log.warning("%s is damaged and is made again: %s", path, error)
        return None
