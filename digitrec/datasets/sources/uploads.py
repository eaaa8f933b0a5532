"""Digits that people add themselves: files in the data folder's own/, put there by hand or uploaded on a page.

upload -> checked as any other file -> own/<hash>.npz          own/ -> `list_own` -> `load_own` -> `Dataset`
"""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from digitrec.datasets.dataset import Dataset, Progress, data_folder, silent
from digitrec.datasets.sources import kaggle, local_files
from digitrec.errors import DataError
from digitrec.storage import DAMAGED, StrPath, keep_arrays, read_arrays

FOLDER = "own"
MAX_UPLOAD = 100  # MB; Kaggle's train.csv has 77
LONGEST_TITLE = 60


def list_own() -> dict[str, str]:
    """The name, such as "own/mine.csv", and the title of each .csv, .npz and subfolder in own/."""
    folder = data_folder() / FOLDER
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return {f"{FOLDER}/{entry.name}": _title(entry) for entry in entries if _is_data(entry)}


def load_own(name: str, progress: Progress = silent) -> Dataset:
    """Load one of `list_own` by its name.

    Raises
    ------
    DataError, where there is none of that name, or it is no dataset.
    """
    own = list_own()
    if name not in own:
        raise DataError(
            f"Expected one of the files in {data_folder() / FOLDER}. Received: {name!r}. "
            "Add it again, or choose another."
        )
    path = data_folder() / name
    return replace(load_path(path, progress), name=name, source=f"{own[name]}, added on this computer")


def load_path(path: StrPath, progress: Progress = silent, *, keeps: bool = True) -> Dataset:
    """Load a .csv in Kaggle's form, a .npz, or a folder of pictures in subfolders 0 to 9, wherever it is.

    Of a .csv it `keeps` a converted copy in the data folder, which is read ten times faster.

    Raises
    ------
    DataError, where it is none of these, or damaged.
    """
    path = Path(path)
    if path.is_dir():
        return local_files.load_folder(path, progress)
    if path.suffix.lower() == ".csv":
        return kaggle.load_files(path, keeps=keeps)
    if path.suffix.lower() == ".npz":
        return local_files.load_npz(path)
    raise DataError(f"Expected a .csv, a .npz, or a folder of pictures. Received: {str(path)!r}. Check its name.")


def add_upload(content: bytes, title: str) -> str:
    """Check an uploaded .csv or .npz and keep it; returns the name under which `load_own` finds it.

    The title, its file name, says how to read it and is shown; it never becomes a path.

    Raises
    ------
    DataError, where it is no dataset; then nothing is kept.
    """
    suffix = Path(title).suffix.lower()
    if suffix not in (".csv", ".npz"):
        raise DataError(f"Expected a .csv or a .npz. Received: {title!r}. Save the digits in one of these forms.")
    try:
        data_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=data_folder()) as folder:
            path = Path(folder) / f"upload{suffix}"
            path.write_bytes(content)
            data = load_path(path, keeps=False)
    except DataError as error:
        raise DataError(str(error).replace(path.name, title)) from None
    except OSError as error:
        raise _unkept(title, error.strerror) from None
    name = f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:16]}.npz"
    keep_arrays(
        data_folder() / name,
        x_train=data.train.images,
        y_train=data.train.labels,
        x_test=data.test.images,
        y_test=data.test.labels,
        title=np.array(title[-LONGEST_TITLE:]),
    )
    if name not in list_own():
        raise _unkept(title, "no leave to write there, or no room")
    return name


def _unkept(title: str, why: str | None) -> DataError:
    return DataError(
        f"Expected to keep {title!r} in {data_folder() / FOLDER}. Received: {why}. "
        "Set DIGITREC_DATA to a folder that can be written to."
    )


def remove_own(name: str) -> None:
    """Delete an uploaded file of `list_own`; what was put there by hand stays."""
    path = data_folder() / name
    if name in list_own() and is_upload(name):
        path.unlink(missing_ok=True)


def is_upload(name: str) -> bool:
    """Whether a name is one that `add_upload` gave."""
    stem, _, suffix = name.removeprefix(f"{FOLDER}/").rpartition(".")
    return suffix == "npz" and len(stem) == 16 and set(stem) <= set("0123456789abcdef")


def _is_data(entry: Path) -> bool:
    return not entry.name.startswith(".") and (
        entry.is_dir() or (entry.suffix.lower() in (".csv", ".npz") and not entry.name.endswith(".part.npz"))
    )


def _title(entry: Path) -> str:
    if is_upload(f"{FOLDER}/{entry.name}"):
        try:
            return str(read_arrays(entry, ["title"])["title"])
        except DAMAGED:
            pass  # it is listed under its own name, and says what is wrong when it is chosen
    return entry.name
