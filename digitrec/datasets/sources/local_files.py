"""The user's own digits: a folder of pictures in class subfolders 0 to 9, or a .npz with images and labels.

pictures -> ink -> preprocessed -> 28 x 28          .npz -> shapes and ranges checked
"""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.dataset import Dataset, Progress, Split, silent
from digitrec.datasets.sources import kaggle
from digitrec.errors import DataError, PictureError
from digitrec.ink.image_files import load_ink
from digitrec.ink.preprocessing import SIDE, preprocess
from digitrec.storage import DAMAGED, StrPath, read_arrays

MAX_PICTURES = 100_000
MAX_NPZ = 1_000_000_000  # bytes, uncompressed; MNIST takes 55 million
TEST_FRACTION, SEED = 0.2, 17
FEWEST = 2  # images
KERAS = ("x_train", "y_train", "x_test", "y_test")


def load_folder(folder: StrPath, progress: Progress = silent) -> Dataset:
    """Load a folder with subfolders 0 to 9 of pictures, one digit each; a fifth of them becomes the test set.

    Raises
    ------
    DataError, if any file is not a picture of a digit; none is skipped silently.
    """
    folder = Path(folder)
    paths = [(path, int(path.parent.name)) for path in sorted(folder.glob("[0-9]/*")) if path.is_file()]
    if not paths:
        raise DataError(
            f"Expected {folder} to have subfolders named 0 to 9 with pictures in them. Received: none. "
            "Sort the pictures into a folder for each digit."
        )
    if len(paths) > MAX_PICTURES:
        raise DataError(
            f"Expected at most {MAX_PICTURES:,} pictures. Received: {len(paths):,}. Convert them to a .npz first."
        )
    images, bad = np.zeros((len(paths), SIDE, SIDE), np.uint8), []
    for index, (path, _) in enumerate(paths):
        try:
            image = preprocess(load_ink(path)).image
            if image is None:
                bad.append(f"{path.parent.name}/{path.name}: no ink was found")
            else:
                images[index] = image
        except PictureError as error:
            bad.append(f"{path.parent.name}/{error}")
        progress((index + 1) / len(paths))
    if bad:
        raise DataError(
            f"Expected {folder.name} to hold only pictures of digits. Received: {len(bad)} other files, "
            f"the first: {bad[0]} Remove them, then load the folder again."
        )
    return _split(folder.name, images, np.array([label for _, label in paths], np.uint8), f"pictures in {folder.name}")


def load_npz(path: StrPath) -> Dataset:
    """Load a .npz with `images` and `labels`, or with Keras's names `x_train`, `y_train`, `x_test`, `y_test`.

    Raises
    ------
    DataError, if arrays are missing or have another shape or range.
    """
    path = Path(path)
    arrays = _read_npz(path)
    if set(KERAS) <= set(arrays):
        train, test = (_check(path, arrays[x], arrays[y]) for x, y in (KERAS[:2], KERAS[2:]))
        return Dataset(path.stem, train, test, f"arrays in {path.name}", "unknown")
    if {"images", "labels"} <= set(arrays):
        whole = _check(path, arrays["images"], arrays["labels"])
        return _split(path.stem, whole.images, whole.labels, f"arrays in {path.name}")
    raise DataError(
        f"Expected {path.name} to hold images and labels, or {', '.join(KERAS)}. "
        f"Received: {', '.join(sorted(arrays)) or 'no arrays'}. Save the arrays under those names."
    )


def _read_npz(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > MAX_NPZ:
            raise DataError(
                f"Expected {path.name} to unpack to at most {MAX_NPZ / 1e9:.0f} GB. Received: {size / 1e9:.1f} GB. "
                "Save fewer images in it."
            )
        return read_arrays(path)
    except DAMAGED as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"Expected {path.name} to be a .npz of numeric arrays. Received: Python objects, or a damaged file. "
            "Save it again with numpy.savez, with numbers only."
        ) from None


def _check(path: Path, images: NDArray[np.generic], labels: NDArray[np.generic]) -> Split:
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    good_images = images.ndim == 3 and images.shape[1:] == (SIDE, SIDE) and images.dtype == np.uint8
    if not good_images or len(images) == 0:
        raise DataError(
            f"Expected {path.name} to hold images as uint8 of shape (n, {SIDE}, {SIDE}), ink 255 on 0. "
            f"Received: shape {images.shape}, {images.dtype}. Convert them first."
        )
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"Expected {path.name} to hold one integer label for each of {len(images):,} images. "
            f"Received: shape {labels.shape}, {labels.dtype}. Convert them first."
        )
    invalid = np.flatnonzero((labels.astype(np.int64) < 0) | (labels.astype(np.int64) > 9))
    if len(invalid):
        raise DataError(
            f"Expected labels of 0 to 9 in {path.name}. Received: {labels[invalid[0]]} for image {invalid[0]:,}, "
            f"and {len(invalid) - 1} more. Correct them first."
        )
    return Split(images.astype(np.uint8), labels.astype(np.uint8))


def _split(name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8], source: str) -> Dataset:
    if len(labels) < FEWEST:
        raise DataError(
            f"Expected at least {FEWEST} images in {name}, for training and testing. Received: {len(labels)}. Add some."
        )
    order = np.random.default_rng(SEED).permutation(len(labels))
    held = order[: max(1, round(TEST_FRACTION * len(labels)))]
    kept = np.setdiff1d(order, held)
    train, test = (Split(images[places], labels[places]) for places in (kept, np.sort(held)))
    return Dataset(name, train, test, source, "unknown")


def load_path(path: StrPath, progress: Progress = silent) -> Dataset:
    """Load a .csv in Kaggle's format, a .npz, or a folder of pictures in subfolders 0 to 9, from anywhere.

    Raises
    ------
    DataError, if it is none of these, or damaged.
    """
    path = Path(path)
    if path.is_dir():
        return load_folder(path, progress)
    if path.suffix.lower() == ".csv":
        return kaggle.load_files(path)
    if path.suffix.lower() == ".npz":
        return load_npz(path)
    raise DataError(f"Expected a .csv, a .npz, or a folder of pictures. Received: {str(path)!r}. Check its name.")
