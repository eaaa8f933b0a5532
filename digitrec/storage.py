"""Locations of digitrec's files, atomic replacement of files, and the cache folder, whose size is limited.

content -> `replace_file` -> a file            slow computation -> `cached_file`, `cached_arrays` -> its result

The cache only holds results that can be computed again. Any file in it may be deleted at any time.
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

BUNDLE = Path(__file__).parent / "bundle"  # only in an installed package; pyproject.toml lists its content

StrPath = str | PathLike[str]  # a path, as public functions take it
Content = bytes | str | Callable[[BinaryIO], object]  # of a file, or a function that writes it to an open file
Kind = Literal["converted", "features", "held-out", "maps", "uploads"]  # the subfolders of the cache
CACHE_MB = 2000  # the limit, unless DIGITREC_CACHE_MB sets another
IN_USE = 60  # seconds after its last use before a cached file may be deleted
ROWS_AT_ONCE = 640

# Exceptions that NumPy and the decompression libraries raise for a damaged file.
DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)


def top_folder() -> Path:
    """The folder with app.py, pages/, models/ and .streamlit/: part of the installed package, or the repository."""
    return BUNDLE if BUNDLE.is_dir() else Path(__file__).parents[1]


def replace_file(path: StrPath, content: Content) -> None:
    """Write a file atomically: readers see either the old content or all of the new content.

    The content is written to a temporary file in the same folder, with a unique name, which replaces the file once it
    is on the disk. Text is written as UTF-8, with line endings unchanged. A symbolic link remains a link, a pipe or
    device is written to directly, and a file keeps its permissions.

    Raises
    ------
    OSError, if it cannot be written; the temporary file is removed.
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
    """Move the folder `draft` to `target`, on the same disk, replacing the folder that is there, if any.

    Raises
    ------
    OSError, if it cannot be moved; then the previous folder is kept.
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
    """Read the arrays of a .npz, all or those named; arrays of Python objects are rejected.

    Raises
    ------
    FileNotFoundError, if there is no such file; another exception of `DAMAGED`, if it is not such a .npz.
    """
    with Path(path).open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("one array, not a .npz of several")  # noqa: TRY004  as for any other invalid file
        with arrays:
            return {name: arrays[name] for name in (arrays.files if names is None else names)}


def keep_arrays(path: StrPath, **arrays: NDArray[np.generic]) -> None:
    """Write arrays that can be computed again to a .npz; failure to write is only logged."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_arrays(path, **arrays)
    except OSError as error:
        log.warning("%s could not be written: %s", path, error)


def kept_arrays(path: StrPath) -> dict[str, NDArray[np.generic]] | None:
    """Read the arrays that `keep_arrays` wrote; None if the file is missing or damaged."""
    try:
        return read_arrays(path)
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        log.warning("%s is damaged and will be written again: %s", path, error)
        return None


def write_rows(
    compute: Callable[[Any], NDArray[np.float32]],
    images: NDArray[Any],
    progress: Callable[[float], None],
    file: BinaryIO,
) -> None:
    """Store `compute(images)`, float32 of shape (n, d), as a .npy file chunk by chunk, to bound the memory used."""
    width = compute(images[:1]).shape[1]
    header = {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": (len(images), width)}
    np.lib.format.write_array_header_1_0(file, header)
    for start in range(0, len(images), ROWS_AT_ONCE):
        rows = compute(images[start : start + ROWS_AT_ONCE])
        file.write(np.ascontiguousarray(rows, np.float32).data)
        progress(min(start + ROWS_AT_ONCE, len(images)) / len(images))


def fingerprint(*arrays: NDArray[Any]) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the arrays' dtypes, shapes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]


def file_stamp(paths: Iterable[Path]) -> str:
    """A hash that changes when one of these files is replaced, modified, added or removed.

    It is computed from sizes, times and inodes, without reading the files.
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
    """The folder of results that can be computed again: `DIGITREC_CACHE`, by default in the user's cache folder."""
    return Path(os.environ.get("DIGITREC_CACHE") or platformdirs.user_cache_path("digitrec") / "cache")


def cached_file(kind: Kind, name: str, content: Content) -> Path:
    """The path of a cache file, which is written from `content` if it does not exist.

    After writing, the least recently used files are deleted until the cache is within its limit.

    Raises
    ------
    OSError, if it does not exist and cannot be written.
    """
    path = cache_folder() / kind / name
    if not _mark_used(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
        _make_room()
    return path


def cached_arrays(kind: Kind, name: str, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[np.generic]]:
    """Read arrays from a .npz in the cache; if it is missing or damaged, compute them with `make` and write it.

    If it cannot be written, that is logged, and the arrays are computed again each time.
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
    """Update a cached file's time of last use; returns whether the file exists."""
    with suppress(OSError):  # a read-only cache can still be read
        os.utime(path)
    return path.is_file()


def _make_room() -> None:
    """Delete the least recently used files until the cache is within its limit, except those in use."""
    files = []
    for kind in get_args(Kind):  # and no other folder, in case the user's files are beside the cache
        for path in (cache_folder() / kind).rglob("*"):
            with suppress(OSError):  # deleted in the meantime
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_size if path.is_file() else 0, path))
    excess = sum(size for _, size, _ in files) - _cache_limit()
    for used, size, path in sorted(files):
        if excess <= 0:
            return
        if size and used < time.time() - IN_USE:
            with suppress(OSError):  # Windows does not delete open files
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


def file_hash(path: StrPath) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    path = Path(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def data_folder() -> Path:
    """The folder of the datasets: `DIGITREC_DATA`, or else the user's cache folder."""
    return Path(os.environ.get("DIGITREC_DATA") or platformdirs.user_cache_path("digitrec") / "data")
