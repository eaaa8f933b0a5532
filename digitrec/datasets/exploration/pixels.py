"""What the images of a dataset look like pixel by pixel, taken together: averages, variation, differences, use.

All take (n, 28, 28) uint8 images, ink 255 on 0. Greys come out as 0, paper, to 1, ink.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF = 127  # of 255; darker is ink, where a pixel has to be one or the other


@dataclass(frozen=True, eq=False)
class PixelSummary:
    """All images of a dataset's part, pixel by pixel.

    Attributes
    ----------
    means, deviations : of each digit, as `class_means` and `class_deviations` give them.
    greys : how many pixels have each grey, as `count_greys` gives it.
    used : which pixels bear ink in any image, as `is_used` gives it.
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
        """The proportion of pixels that are plain paper, 0 to 1."""
        return float(self.greys[0] / self.greys.sum())


@dataclass(frozen=True)
class TellingPixel:
    """The one pixel that tells two digits apart best.

    Attributes
    ----------
    row, column : 0 to 27, from the top left.
    digit : which of the two has ink there more often.
    share, other_share : how often that digit has ink there, and the other one, 0 to 1.
    """

    row: int
    column: int
    digit: int
    share: float
    other_share: float

    @property
    def accuracy(self) -> float:
        """How often a guess from this pixel alone is right, if both digits are equally frequent."""
        return (1 + self.share - self.other_share) / 2


def summarise(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> PixelSummary:
    """Everything that a look at the pixels needs, with (n,) labels."""
    return PixelSummary(
        class_means(images, labels), class_deviations(images, labels), count_greys(images), is_used(images)
    )


def mean_and_deviation(greys: NDArray[np.int64]) -> tuple[float, float]:
    """The mean and standard deviation of all pixels, 0 to 255, from the counts of `count_greys`; at least one pixel."""
    values, total = np.arange(256), greys.sum()
    mean = float(greys @ values / total)
    return mean, float(np.sqrt(greys @ (values - mean) ** 2 / total))


def class_means(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The average image of each digit, (10, 28, 28) float32 of 0 to 1; of a digit that does not occur, NaN."""
    means = np.full((10, *images.shape[1:]), np.nan, np.float32)
    for digit in np.unique(labels):
        means[digit] = images[labels == digit].mean(axis=0, dtype=np.float64) / 255
    return means


def class_deviations(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The standard deviation of each pixel within each digit, (10, 28, 28) float32 of 0 to 0.5; NaN where none is."""
    deviations = np.full((10, *images.shape[1:]), np.nan, np.float32)
    for digit in np.unique(labels):
        own = images[labels == digit].astype(np.float32)
        deviations[digit] = own.std(axis=0, dtype=np.float64) / 255
    return deviations


def difference_of_means(means: NDArray[np.float32], first: int, second: int) -> NDArray[np.float32]:
    """The average of the first digit less that of the second, (28, 28) float32, divided by its largest magnitude."""
    difference = means[first] - means[second]
    return difference / (np.abs(difference).max() or np.float32(1))


def telling_pixel(images: NDArray[np.uint8], labels: NDArray[np.uint8], first: int, second: int) -> TellingPixel:
    """The pixel whose ink, there or not, tells two digits apart best; both must occur."""
    has_ink = [(images[labels == digit] > HALF).mean(axis=0) for digit in (first, second)]
    difference = has_ink[0] - has_ink[1]
    row, column = (int(index) for index in np.unravel_index(np.abs(difference).argmax(), difference.shape))
    a, b = (float(shares[row, column]) for shares in has_ink)
    return TellingPixel(row, column, first, a, b) if a >= b else TellingPixel(row, column, second, b, a)


def count_greys(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels have each grey, (256,) int64."""
    return np.bincount(images.ravel(), minlength=256)


def is_used(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels bear ink in any of the images, (28, 28) bool."""
    return images.max(axis=0, initial=0) > 0
