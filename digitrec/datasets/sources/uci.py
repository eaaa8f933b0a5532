"""UCI's optical digits: 1,797 images of 8 x 8 pixels, bundled with scikit-learn, so no download is needed.

8 x 8 of 0 to 16 -> enlarged smoothly -> preprocessed like any drawing -> 28 x 28
"""

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitrec.datasets.dataset import Dataset, Split
from digitrec.ink.preprocessing import SIDE, preprocess

ENLARGED = 64  # pixels, side before preprocessing; eight times the original, so that curves are smooth
FAINTEST = 40  # of 255; fainter pixels come from the interpolation
TEST_FRACTION = 0.25


@cache  # preprocessing takes most of a second, and the bundled digits never change
def load() -> Dataset:
    """Load the bundled digits, a quarter of each class as test set (seed 0); the writers are unknown.

    The arrays are read-only: everyone in the process has the same.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415  takes a second to import
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    bundle = load_digits()
    small = np.rint(bundle.images * (255 / 16)).astype(np.uint8)
    images, labels = to_28(small), bundle.target.astype(np.uint8)
    split = train_test_split(images, labels, test_size=TEST_FRACTION, stratify=labels, random_state=0)
    for array in split:
        array.flags.writeable = False
    train_images, test_images, train_labels, test_labels = split
    return Dataset(
        "uci",
        Split(train_images, train_labels),
        Split(test_images, test_labels),
        "UCI Optical Recognition of Handwritten Digits, test part (Alpaydin, Kaynak), as bundled with scikit-learn",
        "CC BY 4.0",
        {"sklearn.datasets.load_digits": hashlib.sha256(small.tobytes()).hexdigest()},
    )


def to_28(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 8, 8) uint8, ink 255 on 0 -> (n, 28, 28) uint8, preprocessed."""
    images = np.zeros((len(small), SIDE, SIDE), np.uint8)
    for image, tiny in zip(images, small, strict=True):
        large = np.asarray(Image.fromarray(tiny).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC))
        preprocessed = preprocess(np.where(large < FAINTEST, 0, large).astype(np.uint8))
        if preprocessed.image is not None:
            image[:] = preprocessed.image
    return images
