"""Export a dataset: as arrays, as a table in Kaggle's format, or as pictures in class subfolders."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from digitrec.datasets.dataset import PARTS, Dataset, Split
from digitrec.errors import DataError, writing
from digitrec.storage import StrPath


def export(dataset: Dataset, folder: StrPath, file_format: str) -> Path:
    """Write `dataset` into `folder` in one of `FORMATS`, and return the path of the new file or folder.

    Raises
    ------
    DataError, if there is no such format, the folder cannot be written, or the path exists already: nothing is
    overwritten.
    """
    folder = Path(folder)
    if file_format not in FORMATS:
        raise DataError(
            f"Expected one of {', '.join(FORMATS)} as format. Received: {file_format!r}. Choose one of them."
        )
    target = folder / (f"{dataset.name}.npz" if file_format == "npz" else f"{dataset.name}-{file_format}")
    if target.exists():
        raise DataError(f"Expected to write {target}. Received: it exists already. Move it, or choose another folder.")
    with writing(str(target), DataError, "Make room there, or choose another folder."):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as workshop:  # so that `target` is whole or not there
            draft = Path(workshop) / target.name
            FORMATS[file_format](dataset, draft)
            draft.rename(target)
    return target


def _as_npz(dataset: Dataset, target: Path) -> None:
    train, test = dataset.train, dataset.test
    np.savez_compressed(target, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)


def _as_csv(dataset: Dataset, target: Path) -> None:
    target.mkdir()
    for name in PARTS:
        to_exported_frame(dataset.part(name)).to_csv(target / f"{name}.csv", index=False)


def to_exported_frame(split: Split) -> pd.DataFrame:
    """The digits as they are exported in Kaggle's format, a row for each: label, pixel0 to pixel783."""
    pixels = split.images.reshape(len(split), -1)
    frame = pd.DataFrame(pixels, columns=[f"pixel{index}" for index in range(pixels.shape[1])])
    frame.insert(0, "label", split.labels)
    return frame


def _as_png(dataset: Dataset, target: Path) -> None:
    for name in PARTS:
        split = dataset.part(name)
        for digit in range(10):
            (target / name / str(digit)).mkdir(parents=True)
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            Image.fromarray(image).save(target / name / str(label) / f"{index:05}.png")


FORMATS: dict[str, Callable[[Dataset, Path], None]] = {"npz": _as_npz, "csv": _as_csv, "png": _as_png}
