"""Kaggle's "Digit Recognizer" format: train.csv with `label,pixel0..pixel783`, test.csv without the label.

csv -> `digitrec.datasets.csv_stream` -> (n, 28, 28) images, labels -> a converted copy, cached by the file's hash

Kaggle's rows are drawn from MNIST's training and test images, so a model trained on them has seen MNIST test digits.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.csv_stream import PIXELS, sniff, stream
from digitrec.datasets.dataset import Dataset, Split
from digitrec.errors import DataError
from digitrec.storage import StrPath, cached_arrays, data_folder, file_hash

MAX_BYTES = 500_000_000  # Kaggle's train.csv has 77 MB

__all__ = ["PIXELS", "load", "load_files", "read_csv"]

FOLDER = "kaggle"
TEST_FRACTION = 0.2
FEWEST = 2  # rows
CAUTION = (
    "Kaggle sampled its rows from all of MNIST, including the test set. A network trained on them has seen images of "
    "MNIST's test set and must not be evaluated on it."
)
SEED = 17


def load() -> Dataset:
    """Load kaggle/train.csv in the data folder; a fifth of each class becomes the test set.

    Raises
    ------
    DataError, if the file is missing or its rows are not valid images of digits.
    """
    return replace(
        load_files(data_folder() / FOLDER / "train.csv"),
        name="kaggle",
        source="Kaggle Digit Recognizer, sampled from MNIST",
        licence="CC BY-SA 3.0",
        caution=CAUTION,
    )


def load_files(path: StrPath) -> Dataset:
    """Load a .csv in this format, with any name; a fifth of each class becomes the test set.

    Raises
    ------
    DataError, if it is missing, has no labels, or its rows are not valid images of digits.
    """
    path = Path(path)
    from sklearn.model_selection import train_test_split  # noqa: PLC0415  takes a second to import

    images, labels = read_csv(path)
    if labels is None:
        raise DataError(
            f"Expected {path.name} to have a column `label` before its pixels. Received: only pixels. "
            "Use a file with labels; one without can be read, but not trained on."
        )
    if len(labels) < FEWEST:
        raise DataError(
            f"Expected at least {FEWEST} rows in {path.name}, for training and testing. Received: {len(labels)}. "
            "Add some."
        )
    counts = np.bincount(labels, minlength=10)
    enough = counts[counts > 0].min() * TEST_FRACTION >= 1  # so that each class is in both sets
    kept, held = train_test_split(
        np.arange(len(labels)), test_size=TEST_FRACTION, stratify=labels if enough else None, random_state=SEED
    )
    return Dataset(
        path.stem,
        Split(images[kept], labels[kept]),
        Split(images[held], labels[held]),
        f"rows in {path.name}",
        "unknown",
        {path.name: file_hash(path)},
    )


def read_csv(path: StrPath) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read a .csv in this format: images, (n, 28, 28) uint8, and labels, (n,) uint8, or None if it has none.

    A converted copy, which loads ten times faster, is cached under the hash of the file's content.

    Raises
    ------
    DataError, with the row and column of the first invalid cell.
    """
    path = Path(path)
    check_csv_size(path)
    arrays = cached_arrays("converted", f"{file_hash(path)}.npz", lambda: _convert(path))
    labels = arrays.get("labels")
    return arrays["images"].astype(np.uint8, copy=False), None if labels is None else labels.astype(
        np.uint8, copy=False
    )


def _convert(path: Path) -> dict[str, NDArray[np.uint8]]:
    form = sniff(path, path.name)
    parts = list(stream(path, form))
    bad = [row for part in parts for row in part.bad]
    if bad:
        count = sum(part.bad_count for part in parts)
        more = f" {count - 1:,} more rows are invalid." if count > 1 else ""
        raise DataError(f"{path.name}: {bad[0].reason}{more}")
    images = np.concatenate([part.images for part in parts])
    if not form.has_labels:
        return {"images": images}
    return {"images": images, "labels": np.concatenate([part.labels for part in parts if part.labels is not None])}


def check_csv_size(path: StrPath) -> None:
    """Check that a .csv exists and is not too large.

    Raises
    ------
    DataError, if it is missing or larger than 500 MB.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError:
        raise DataError(f"Expected {path.name} in {path.parent}. Received: no such file. Put it there.") from None
    if size > MAX_BYTES:
        raise DataError(
            f"Expected {path.name} to have at most {MAX_BYTES // 1_000_000} MB. Received: {size / 1e6:,.0f} MB. "
            "Split it into smaller files."
        )
