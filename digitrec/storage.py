"""Where digitrec's files lie, files that are never found half-written, and the cache folder, which has a limit.

content -> `replace_file` -> a file                 work that takes long -> `cached_file`, `cached_arrays` -> its result

The cache holds only what can be made again. Any file in it may be deleted at any time.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import time
import tokenize
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
import platformdirs
from numpy.typing import NDArray

log = logging.getLogger("digitrec")

BUNDLE = Path(__file__).parent / "bundle"  # in an installed package only; pyproject.toml says what the build puts there

StrPath = str | PathLike[str]  # what public functions take for a path
Content = bytes | str | Callable[[BinaryIO], object]  # what a file is to hold, or what writes it into an open file
Kind = Literal["converted", "features", "held-out", "maps", "uploads"]  # the subfolders of the cache
CACHE_MB = 2000  # the limit where DIGITREC_CACHE_MB sets none
IN_USE = 60  # seconds after its last use during which a cached file is not deleted
ROWS_AT_ONCE = 640

# What NumPy and the unpacking libraries raise on a file that is damaged.
DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)


def top_folder() -> Path:
    """The folder that holds app.py, pages/, models/ and .streamlit/: in an installed package, or the repository's."""
    return BUNDLE if BUNDLE.is_dir() else Path(__file__).parents[1]


def replace_file(path: StrPath, content: Content) -> None:
    """Write a file, or leave the one that was there as it is: no reader ever finds half of it.

    The content goes to a draft beside the file, under a name that no other process or thread uses, and the draft takes
    the file's place once it is on the disk. Text is written as UTF-8, its line ends unchanged. A link stays a link, a
    pipe or a device is written to directly, and a file keeps its permissions.

    Raises
    ------
    OSError, if it cannot be written; no draft is left.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            _write(file, content)
        return
    target = Path(os.path.realpath(path))
    draft = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with draft.open("xb") as file:
            _write(file, content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(target, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _write(file: BinaryIO, content: Content) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content.encode() if isinstance(content, str) else content)


def replace_folder(draft: StrPath, target: StrPath) -> None:
    """Move the folder `draft` to `target`, on the same disk, in place of the folder that was there.

    Raises
    ------
    OSError, if it cannot be moved; then the folder that was there is there still.
    """
    draft, target = Path(draft), Path(target)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as aside:
        old = Path(aside) / "old"
        if target.exists():
            target.rename(old)
        try:
            draft.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise


def replace_arrays(path: StrPath, **arrays: NDArray[np.generic]) -> None:
    """Write arrays to a .npz as `replace_file` does."""
    replace_file(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def read_arrays(path: StrPath, names: Iterable[str] | None = None) -> dict[str, NDArray[np.generic]]:
    """All arrays of a .npz, or those of these names; an array of Python objects is refused.

    Raises
    ------
    FileNotFoundError, or another of `DAMAGED` where the file is not such a .npz.
    """
    with Path(path).open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("one array, not a .npz of several")  # noqa: TRY004  as for any other file that is no .npz
        with arrays:
            return {name: arrays[name] for name in (arrays.files if names is None else names)}


def keep_arrays(path: StrPath, **arrays: NDArray[np.generic]) -> None:
    """Write arrays that can be made again to a .npz; where they cannot be written, only the log says so."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_arrays(path, **arrays)
    except OSError as error:
        log.warning("%s could not be kept: %s", path, error)


def kept_arrays(path: StrPath) -> dict[str, NDArray[np.generic]] | None:
    """The arrays that `keep_arrays` wrote; None where there are none, or the file is damaged."""
    try:
        return read_arrays(path)
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        log.warning("%s is damaged and is made again: %s", path, error)
        return None


def write_rows(
    see: Callable[[Any], NDArray[np.float32]], images: NDArray[Any], progress: Callable[[float], None], file: BinaryIO
) -> None:
    """Write `see(images)`, float32 rows, as a .npy, a chunk at a time, so that they need not fit into memory."""
    width = see(images[:1]).shape[1]
    header = {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": (len(images), width)}
    np.lib.format.write_array_header_1_0(file, header)
    for start in range(0, len(images), ROWS_AT_ONCE):
        rows = see(images[start : start + ROWS_AT_ONCE])
        file.write(np.ascontiguousarray(rows, np.float32).data)
        progress(min(start + ROWS_AT_ONCE, len(images)) / len(images))


def fingerprint(*arrays: NDArray[Any]) -> str:
    """The first 12 hexadecimal digits of a hash of these arrays: their types, shapes and values."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:12]


def file_stamp(paths: Iterable[Path]) -> str:
    """A text that changes when one of these files is replaced, changed, added or removed.

    It is made of sizes, times and inodes, so that no file has to be read.
    """
    found = hashlib.sha256()
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            found.update(f"{path}\0".encode())
        else:
            found.update(f"{path}\0{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}".encode())
    return found.hexdigest()


def cache_folder() -> Path:
    """The folder of what can be made again: `DIGITREC_CACHE`, by default in the user's cache folder."""
    return Path(os.environ.get("DIGITREC_CACHE") or platformdirs.user_cache_path("digitrec") / "cache")


def cached_file(kind: Kind, name: str, content: Content) -> Path:
    """The cache file of this name; written from `content` where it is not there yet.

    Once it is written, the files that were used longest ago are deleted until the cache is within its limit.

    Raises
    ------
    OSError, if it is not there and cannot be written.
    """
    path = cache_folder() / kind / name
    if not _mark_used(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
        _make_room()
    return path


def cached_arrays(kind: Kind, name: str, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[np.generic]]:
    """The arrays in the cache's .npz of this name; where it is missing or damaged, those that `make` returns are kept.

    Where they cannot be kept, they are made anew each time, and the log says so.
    """
    path = cache_folder() / kind / name
    _mark_used(path)
    arrays = kept_arrays(path)
    if arrays is None:
        arrays = make()
        keep_arrays(path, **arrays)
        _make_room()
    return arrays


def _mark_used(path: Path) -> bool:
    """Set a cached file's time of last use; False where there is no such file."""
    with suppress(OSError):  # a read-only cache can be read all the same
        os.utime(path)
    return path.is_file()


def _make_room() -> None:
    """Delete what was used longest ago until the cache is within its limit, but nothing written or used just now."""
    files = []
    for kind in get_args(Kind):  # and no other folder, in case the cache is among somebody's files
        for path in (cache_folder() / kind).rglob("*"):
            with suppress(OSError):  # deleted meanwhile
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_size if path.is_file() else 0, path))
    excess = sum(size for _, size, _ in files) - _cache_limit()
    for used, size, path in sorted(files):
        if excess <= 0:
            return
        if size and used < time.time() - IN_USE:
            with suppress(OSError):  # Windows deletes no open file
                path.unlink()
                excess -= size


def _cache_limit() -> float:
    """The cache's limit in bytes."""
    given = os.environ.get("DIGITREC_CACHE_MB") or str(CACHE_MB)
    try:
        return float(given) * 1e6
    except ValueError:
        log.warning("Expected DIGITREC_CACHE_MB to be a number of megabytes. Received: %r. Using %d.", given, CACHE_MB)
        return CACHE_MB * 1e6
