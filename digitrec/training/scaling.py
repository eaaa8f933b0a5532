"""Scaling: from pixel values to the inputs of a network.

images uint8 -> `scale` -> float32 of the same shape
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Images


@dataclass(frozen=True)
class Scaling:
    """One way to scale.

    Attributes
    ----------
    title : shown on pages.
    sentence : what it does, and its effect.
    apply : (n, 28, 28) float32 pixel values of 0 to 255, the mean, the standard deviation -> (n, 28, 28) float32.
    """

    title: str
    sentence: str
    apply: Callable[[Images, float, float], Images]


def scale(images: NDArray[np.uint8], how: str, mean: float, deviation: float) -> Images:
    """Scale (n, 28, 28) uint8 images by one of `SCALINGS`.

    Parameters
    ----------
    mean, deviation : mean and standard deviation of all pixel values of the training images, 0 to 255. Test images are
        scaled with the same values: their own would leak information about the test set.

    Raises
    ------
    KeyError, if `how` is not one of `SCALINGS`.
    """
    return SCALINGS[how].apply(images.astype(np.float32), mean, deviation)


def _keep(greys: Images, _mean: float, _deviation: float) -> Images:
    return greys


def _to_unit(greys: Images, _mean: float, _deviation: float) -> Images:
    return greys / np.float32(255)


def _standardise(greys: Images, mean: float, deviation: float) -> Images:
    return (greys - np.float32(mean)) / np.float32(deviation or 1)


def _to_unit_norm(greys: Images, _mean: float, _deviation: float) -> Images:
    """As `keras.utils.normalize(images, axis=1)`: axis 1 runs down the rows, so each column has a norm of 1."""
    length: Images = np.sqrt((greys**2).sum(axis=1, keepdims=True))
    length[length == 0] = 1
    return greys / length


SCALINGS = {
    "raw": Scaling(
        "Unscaled, 0 to 255",
        "Nothing is changed. Initial weights suit inputs around 1, so the first layer's outputs are some hundred times "
        "too large, and training is slow or diverges until the weights have shrunk.",
        _keep,
    ),
    "unit": Scaling(
        "[0, 1]",
        "Every pixel value is divided by 255. The picture stays the same; the numbers have the size that initial "
        "weights are meant for.",
        _to_unit,
    ),
    "standardised": Scaling(
        "Standardised",
        "The mean of all pixel values is subtracted, and the result is divided by their standard deviation: mean 0, "
        "standard deviation 1. The picture stays the same; the background is now below 0.",
        _standardise,
    ),
    "unit-norm": Scaling(
        "Unit norm along axis 1",
        "What `keras.utils.normalize(images, axis=1)` does in many tutorials: each column of an image is divided by "
        "its own norm. It does change the picture: a column with a single faint pixel becomes as strong as one full "
        "of ink, so the edges of strokes light up.",
        _to_unit_norm,
    ),
}
