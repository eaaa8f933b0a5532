"""Kaggle's "Digit Recognizer" form: train.csv with `label,pixel0..pixel783`, test.csv without the label.

csv -> columns and cells checked -> (n, 28, 28) images, labels -> a converted copy, kept by the file's hash

Kaggle's rows are drawn from MNIST's training and test images, so a model trained on them has seen MNIST test digits.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from digitrec.datasets.dataset import Dataset, Split, data_folder
from digitrec.errors import DataError
from digitrec.preprocessing import SIDE
from digitrec.store import keep_arrays, kept_arrays

FOLDER = "kaggle"
MAX_BYTES = 500_000_000  # Kaggle's own train.csv has 77 MB
PIXELS = tuple(f"pixel{index}" for index in range(SIDE * SIDE))
TEST_SHARE = 0.2
FEWEST = 2  # rows
CAUTION = (
    "Kaggle drew its rows from all of MNIST, the test set included: a network that learns from them has seen digits of "
    "MNIST's test set, and must not be measured on it."
)
SEED = 17


def load() -> Dataset:
    """Kaggle's train.csv in the data folder's kaggle/, a fifth of each class to test with; test.csv where it is there.

    Raises
    ------
    DataError, where a file is missing or its rows are not digits.
    """
    folder = data_folder() / FOLDER
    test = folder / "test.csv"
    data = load_files(folder / "train.csv")
    unlabelled, hashes = (read_csv(test)[0], {test.name: file_hash(test)}) if test.is_file() else (None, {})
    return replace(
        data,
        name="kaggle",
        source="Kaggle Digit Recognizer, drawn from MNIST",
        licence="CC BY-SA 3.0",
        hashes=data.hashes | hashes,
        unlabelled=unlabelled,
        caution=CAUTION,
    )


def load_files(path: Path, *, keeps: bool = True) -> Dataset:
    """A file of this form and of any name, a fifth of each class to test with; see `read_csv` for `keeps`.

    Raises
    ------
    DataError, where it is missing, has no labels, or its rows are not digits.
    """
    from sklearn.model_selection import train_test_split  # noqa: PLC0415  a second that other sources need not wait

    images, labels = read_csv(path, keeps=keeps)
    if labels is None:
        raise DataError(
            f"Expected {path.name} to have a column `label` before its pixels. Received: pixels alone. "
            "A file without labels can be read, not learned from: use the one that has them."
        )
    if len(labels) < FEWEST:
        raise DataError(
            f"Expected at least {FEWEST} rows in {path.name}, to train and to test with. Received: {len(labels)}. "
            "Add some."
        )
    counts = np.bincount(labels, minlength=10)
    enough = counts[counts > 0].min() * TEST_SHARE >= 1  # for each class to be on both sides
    kept, held = train_test_split(
        np.arange(len(labels)), test_size=TEST_SHARE, stratify=labels if enough else None, random_state=SEED
    )
    return Dataset(
        path.stem,
        Split(images[kept], labels[kept]),
        Split(images[held], labels[held]),
        f"rows in {path.name}",
        "unknown",
        {path.name: file_hash(path)},
    )


def read_csv(path: Path, *, keeps: bool = True) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read a file of this form: images (n, 28, 28) uint8, and labels (n,) uint8 or None where it has none.

    It `keeps` a converted copy in the data folder, under the hash of the file's content.

    Raises
    ------
    DataError, naming the row and column of the first cell that is no digit's.
    """
    check_size(path)
    copy = data_folder() / "converted" / f"{file_hash(path)}.npz"
    if kept := kept_arrays(copy):
        return kept["images"].astype(np.uint8, copy=False), _as_labels(kept.get("labels"))
    table = _read_table(path)
    columns = _check_columns(path, table)
    pixels = np.stack([_numbers(path, table, name, 255) for name in PIXELS], axis=1)
    images = pixels.reshape(-1, SIDE, SIDE)
    labels = _numbers(path, table, "label", 9) if "label" in columns else None
    if keeps:
        keep_arrays(copy, images=images, **({} if labels is None else {"labels": labels}))
    return images, labels


def _as_labels(array: NDArray[np.generic] | None) -> NDArray[np.uint8] | None:
    return None if array is None else array.astype(np.uint8, copy=False)


def check_size(path: Path) -> None:
    """Refuse a file that is missing or too large to be read at once."""
    try:
        size = path.stat().st_size
    except OSError:
        raise DataError(f"Expected {path.name} in {path.parent}. Received: no such file. Put it there.") from None
    if size > MAX_BYTES:
        raise DataError(
            f"Expected {path.name} to have at most {MAX_BYTES // 1_000_000} MB. Received: {size / 1e6:,.0f} MB. "
            "Split it into smaller files."
        )


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_table(path: Path) -> pa.Table:
    try:
        return csv.read_csv(path)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            f"Expected {path.name} to be a CSV of 785 columns, or 784 without labels. Received: {first} "
            "Export it again as plain CSV in UTF-8."
        ) from None


def _check_columns(path: Path, table: pa.Table) -> list[str]:
    names = table.column_names
    pixels = [name for name in names if name != "label"]
    missing = [name for name in PIXELS if name not in set(names)]
    foreign = [name for name in pixels if name not in set(PIXELS)]
    if missing or foreign or len(names) != len(set(names)):
        what = (
            f"without {_list(missing)}" if missing else f"with {_list(foreign)}" if foreign else "with a column twice"
        )
        raise DataError(
            f"Expected {path.name} to have the columns pixel0 to pixel783, and label where there are labels. "
            f"Received: {len(names)} columns, {what}. Name the columns so, one for each of 28 x 28 pixels."
        )
    if table.num_rows == 0:
        raise DataError(f"Expected {path.name} to have rows. Received: a header alone. Export it again.")
    return names


def _list(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _numbers(path: Path, table: pa.Table, name: str, largest: int) -> NDArray[np.uint8]:
    """A column as whole numbers of 0 to `largest`."""
    column = table[name]
    if pa.types.is_integer(column.type) and column.null_count == 0:
        values = column.to_numpy()
        wrong = np.flatnonzero((values < 0) | (values > largest))
    else:
        wrong = _not_numbers(column)
        values = column.to_numpy() if not len(wrong) else np.array([])
        if not len(wrong):  # a column of numbers with a point: whole ones are welcome
            wrong = np.flatnonzero((values != np.rint(values)) | (values < 0) | (values > largest))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"Expected {path.name} to hold whole numbers of 0 to {largest} in column {name}. "
            f"Received: {column[row].as_py()!r} in row {row + 1}{_more(wrong)}. Mend or leave out that row."
        )
    return values.astype(np.uint8)


def _more(wrong: NDArray[np.intp]) -> str:
    return f", and {len(wrong) - 1} more like it" if len(wrong) > 1 else ""


def _not_numbers(column: pa.ChunkedArray) -> NDArray[np.intp]:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return np.flatnonzero(pc.is_null(column, nan_is_null=True).to_numpy())
    if not pa.types.is_string(column.type):
        return np.arange(len(column))
    is_number = pc.match_substring_regex(column.cast(pa.string()), r"^\s*\d+(\.0*)?\s*$")
    return np.flatnonzero(~pc.fill_null(is_number, fill_value=False).to_numpy(zero_copy_only=False))
