"""Write a dataset out: arrays, a table in Kaggle's form, or pictures in class subfolders."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from digitrec.datasets.dataset import Dataset, Split
from digitrec.errors import DataError, writing


def export(dataset: Dataset, folder: Path, form: str) -> Path:
    """Write `dataset` into `folder` as one of `FORMS`; what was written.

    Raises
    ------
    DataError, where there is no such form, nothing can be written, or something of that name is there already: nothing
    is overwritten.
    """
    if form not in FORMS:
        raise DataError(f"Expected one of the forms {', '.join(FORMS)}. Received: {form!r}. Choose one of these.")
    target = folder / (f"{dataset.name}.npz" if form == "npz" else f"{dataset.name}-{form}")
    if target.exists():
        raise DataError(
            f"Expected to write {target}. Received: it is there already. Move it, or choose another folder."
        )
    with writing(str(target), DataError, "Make room there, or choose another folder."):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as workshop:  # so that `target` is whole or not there
            draft = Path(workshop) / target.name
            FORMS[form](dataset, draft)
            draft.rename(target)
    return target


def _as_npz(dataset: Dataset, target: Path) -> None:
    train, test = dataset.train, dataset.test
    np.savez_compressed(target, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)


def _as_csv(dataset: Dataset, target: Path) -> None:
    target.mkdir()
    for name, split in _splits(dataset):
        to_frame(split).to_csv(target / f"{name}.csv", index=False)


def to_frame(split: Split) -> pd.DataFrame:
    """A row for each digit in Kaggle's form: label, pixel0 to pixel783."""
    pixels = split.images.reshape(len(split), -1)
    frame = pd.DataFrame(pixels, columns=[f"pixel{index}" for index in range(pixels.shape[1])])
    frame.insert(0, "label", split.labels)
    return frame


def _as_png(dataset: Dataset, target: Path) -> None:
    for name, split in _splits(dataset):
        for digit in range(10):
            (target / name / str(digit)).mkdir(parents=True)
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            Image.fromarray(image).save(target / name / str(label) / f"{index:05}.png")


def _splits(dataset: Dataset) -> tuple[tuple[str, Split], tuple[str, Split]]:
    return ("train", dataset.train), ("test", dataset.test)


FORMS: dict[str, Callable[[Dataset, Path], None]] = {"npz": _as_npz, "csv": _as_csv, "png": _as_png}
