"""Golden images: fixed digits and a model's answers to them, to check that it answers the same elsewhere."""

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import load_dataset

OF_EACH = 2
PARITY = 1e-3  # probabilities closer than this count as equal; float32 on other kernels differs by 1e-6
ROUNDED_PARITY = 0.1  # where one of the two calculates in 8 bits; the largest difference of 11,499 digits was 0.043


def golden_images() -> NDArray[np.uint8]:
    """Twenty digits, two of each, from scikit-learn's sample data: (20, 28, 28) uint8, ink 255 on 0."""
    test = load_dataset("uci").test
    return np.concatenate([test.images[test.labels == digit][:OF_EACH] for digit in range(10)])


def golden_difference(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The largest difference between two models' probabilities for the golden images, (n, 10) each."""
    return float(np.abs(first.astype(np.float64) - second).max())
