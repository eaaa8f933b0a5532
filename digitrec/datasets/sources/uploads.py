"""The user's own datasets: files in own/ in the data folder, copied there or uploaded on a page.

upload -> `add_upload`, which checks it -> own/<hash>.npz          own/ -> `list_own` -> `load_own` -> `Dataset`
"""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from digitrec.datasets.dataset import Dataset, Progress, silent
from digitrec.datasets.sources.local_files import load_path
from digitrec.errors import DataError, writing
from digitrec.storage import DAMAGED, data_folder, read_arrays, replace_arrays, replace_file

FOLDER = "own"
MAX_UPLOAD = 100  # MB; Kaggle's train.csv has 77
LONGEST_TITLE = 60


def list_own() -> dict[str, str]:
    """The names, such as "own/mine.csv", and titles of the .csv files, .npz files and subfolders in own/."""
    folder = data_folder() / FOLDER
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return {f"{FOLDER}/{entry.name}": _title(entry) for entry in entries if _is_data(entry)}


def load_own(name: str, progress: Progress = silent) -> Dataset:
    """Load a dataset of `list_own` by its name.

    Raises
    ------
    DataError, if there is no dataset of this name, or its file is not a valid dataset.
    """
    own = list_own()
    if name not in own:
        raise DataError(
            f"Expected one of the files in {data_folder() / FOLDER}. Received: {name!r}. "
            "Add it again, or choose another."
        )
    path = data_folder() / name
    return replace(load_path(path, progress), name=name, source=f"{own[name]}, added on this computer")


def files_of(name: str) -> list[Path]:
    """The files that a dataset of `list_own` is read from: a file, or a folder and the pictures in its subfolders."""
    path = data_folder() / name
    return [path, *sorted(path.glob("[0-9]/*"))]


def add_upload(content: bytes, title: str) -> str:
    """Check an uploaded .csv or .npz and add it to own/; returns its name in `list_own`.

    The title is the uploaded file's name: its suffix gives the format, and pages show it. It never becomes a path.

    Raises
    ------
    DataError, if it is not a valid dataset, or cannot be written; then nothing is added.
    """
    suffix = Path(title).suffix.lower()
    if suffix not in (".csv", ".npz"):
        raise DataError(f"Expected a .csv or a .npz. Received: {title!r}. Save the digits in one of these formats.")
    folder = data_folder() / FOLDER
    with writing(f"{title!r} to {folder}", DataError, "Make room there, or set DIGITREC_DATA to a writable folder."):
        folder.mkdir(parents=True, exist_ok=True)
        data = _read_upload(content, f"upload{suffix}", title)
        name = f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:16]}.npz"
        replace_arrays(
            data_folder() / name,
            x_train=data.train.images,
            y_train=data.train.labels,
            x_test=data.test.images,
            y_test=data.test.labels,
            title=np.array(title[-LONGEST_TITLE:]),
        )
    return name


def _read_upload(content: bytes, file: str, title: str) -> Dataset:
    with tempfile.TemporaryDirectory(prefix=".", dir=data_folder()) as folder:
        path = Path(folder) / file
        replace_file(path, content)
        try:
            return load_path(path)
        except DataError as error:
            raise DataError(str(error).replace(file, title)) from None


def remove_own(name: str) -> None:
    """Delete an uploaded file of `list_own`; a file that was copied there is kept."""
    path = data_folder() / name
    if name in list_own() and is_upload(name):
        path.unlink(missing_ok=True)


def is_upload(name: str) -> bool:
    """Whether a name was given by `add_upload`."""
    stem, _, suffix = name.removeprefix(f"{FOLDER}/").rpartition(".")
    return suffix == "npz" and len(stem) == 16 and set(stem) <= set("0123456789abcdef")


def _is_data(entry: Path) -> bool:
    return not entry.name.startswith(".") and (entry.is_dir() or entry.suffix.lower() in (".csv", ".npz"))


def _title(entry: Path) -> str:
    if is_upload(f"{FOLDER}/{entry.name}"):
        try:
            return str(read_arrays(entry, ["title"])["title"])
        except DAMAGED:
            pass  # it is listed under its file name; loading it raises the error
    return entry.name
