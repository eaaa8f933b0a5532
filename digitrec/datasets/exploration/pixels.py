"""Pixel statistics of a dataset: means, standard deviations, differences between digits, unused pixels.

All functions take (n, 28, 28) uint8 images, ink 255 on 0, and return greys from 0 (paper) to 1 (ink).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF = 127  # of 255; pixels above count as ink where they are binarised


@dataclass(frozen=True, eq=False)
class PixelSummary:
    """Pixel statistics of one part of a dataset.

    Attributes
    ----------
    means, deviations : of each digit, as `class_means` and `class_deviations` give them.
    greys : the histogram of grey levels, as `count_greys` gives it.
    used : pixels with ink in any image, as `is_used` gives them.
    """

    means: NDArray[np.float32]
    deviations: NDArray[np.float32]
    greys: NDArray[np.int64]
    used: NDArray[np.bool_]

    @property
    def digits(self) -> list[int]:
        """The digits that occur."""
        return [int(digit) for digit in np.flatnonzero(~np.isnan(self.means).any(axis=(1, 2)))]

    @property
    def paper(self) -> float:
        """The proportion of pixels without ink, 0 to 1."""
        return float(self.greys[0] / self.greys.sum())


@dataclass(frozen=True)
class SeparatingPixel:
    """The single pixel that separates two digits best.

    Attributes
    ----------
    row, column : 0 to 27, from the top left.
    digit : the one of the two that has ink there more often.
    ink, other_ink : the fraction of its images with ink there, and of the other digit's images, 0 to 1.
    """

    row: int
    column: int
    digit: int
    ink: float
    other_ink: float

    @property
    def accuracy(self) -> float:
        """Accuracy of a guess from this pixel alone, if both digits are equally frequent."""
        return (1 + self.ink - self.other_ink) / 2


def summarise(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> PixelSummary:
    """Compute all pixel statistics of images with (n,) labels."""
    return PixelSummary(
        class_means(images, labels), class_deviations(images, labels), count_greys(images), is_used(images)
    )


def mean_and_deviation(greys: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and standard deviation of all pixels, 0 to 255, from the counts of `count_greys`; at least one pixel."""
    values, total = np.arange(256), greys.sum()
    mean = float(greys @ values / total)
    return mean, float(np.sqrt(greys @ (values - mean) ** 2 / total))


def class_means(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean image of each digit, (10, 28, 28) float32 of 0 to 1; NaN for a digit that does not occur."""
    means = np.full((10, *images.shape[1:]), np.nan, np.float32)
    for digit in np.unique(labels):
        means[digit] = images[labels == digit].mean(axis=0, dtype=np.float64) / 255
    return means


def class_deviations(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The standard deviation of each pixel per digit, (10, 28, 28) float32 of 0 to 0.5; NaN for a missing digit."""
    deviations = np.full((10, *images.shape[1:]), np.nan, np.float32)
    for digit in np.unique(labels):
        own = images[labels == digit].astype(np.float32)
        deviations[digit] = own.std(axis=0, dtype=np.float64) / 255
    return deviations


def difference_of_means(means: NDArray[np.float32], first: int, second: int) -> NDArray[np.float32]:
    """The mean of the first digit minus that of the second, (28, 28) float32, scaled to a maximum magnitude of 1."""
    difference = means[first] - means[second]
    return difference / (np.abs(difference).max() or np.float32(1))


def separating_pixel(images: NDArray[np.uint8], labels: NDArray[np.uint8], first: int, second: int) -> SeparatingPixel:
    """Find the pixel whose ink separates two digits best; both must occur."""
    has_ink = [(images[labels == digit] > HALF).mean(axis=0) for digit in (first, second)]
    difference = has_ink[0] - has_ink[1]
    row, column = (int(index) for index in np.unravel_index(np.abs(difference).argmax(), difference.shape))
    a, b = (float(fractions[row, column]) for fractions in has_ink)
    return SeparatingPixel(row, column, first, a, b) if a >= b else SeparatingPixel(row, column, second, b, a)


def count_greys(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the pixels of each grey level, (256,) int64."""
    return np.bincount(images.ravel(), minlength=256)


def is_used(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each pixel has ink in any of the images, (28, 28) bool."""
    return images.max(axis=0, initial=0) > 0
