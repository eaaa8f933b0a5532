"""Counterfactuals: the smallest shift, turn, change of stroke width, or set of pixels that corrects a mistake.

a model, an image, its label -> `smallest_change` -> `Change`, `smallest_pixels` -> `PixelChange`
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.evaluation.robustness import CORRUPTIONS, corrupt
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.types import Predict

FARTHEST = 4  # pixels of shift
MOST_DEGREES = 30  # of turn, either way, by 1
MOST_TENTHS = 10  # of a pixel of stroke width on each side, thicker or thinner, by 1

Parts = tuple[tuple[str, float], ...]  # names and amounts of corruptions, in order


@dataclass(frozen=True, eq=False)
class Change:
    """The smallest change of one kind after which the image is classified correctly.

    Attributes
    ----------
    name, title, unit : of the kind.
    amount : in the unit; clockwise turns and thicker strokes are above 0, a shift is given by its length.
    parts : the change as names and amounts for `robustness.corrupt`; empty where none is needed.
    image : (28, 28) uint8, after the change.
    confidence : probability of the correct digit after the change, 0 to 1.
    """

    name: str
    title: str
    unit: str
    amount: float
    parts: Parts
    image: NDArray[np.uint8]
    confidence: float


@dataclass(frozen=True, eq=False)
class PixelChange:
    """A few pixels whose change makes the image classified correctly.

    Attributes
    ----------
    pixels : (row, column, grey) of each, in the order found; grey is 0 or 255.
    image : (28, 28) uint8, after the change.
    confidence : probability of the correct digit after the change, 0 to 1.
    """

    pixels: tuple[tuple[int, int, int], ...]
    image: NDArray[np.uint8]
    confidence: float


@dataclass(frozen=True)
class Kind:
    """A kind of change and the candidates tried: an amount and its parts each, 0 among them."""

    name: str
    title: str
    unit: str
    tried: tuple[tuple[float, Parts], ...]


def _shifts() -> tuple[tuple[float, Parts], ...]:
    steps = range(-FARTHEST, FARTHEST + 1)
    return tuple(
        (math.hypot(right, down), _parts(shifted_right=right, shifted_down=down))
        for right in steps
        for down in steps
        if math.hypot(right, down) <= FARTHEST
    )


def _parts(**amounts: float) -> Parts:
    return tuple((name, amount) for name, amount in amounts.items() if amount)


def _alone(name: str, amounts: list[float]) -> Kind:
    kind = CORRUPTIONS[name]
    return Kind(name, kind.title, kind.unit, tuple((amount, _parts(**{name: amount})) for amount in amounts))


KINDS = (
    Kind("shifted", "Shifted", "pixels", _shifts()),
    _alone("turned", [float(degrees) for degrees in range(-MOST_DEGREES, MOST_DEGREES + 1)]),
    _alone("thickened", [tenths / 10 for tenths in range(-MOST_TENTHS, MOST_TENTHS + 1)]),
)


def smallest_change(read: Predict, image: NDArray[np.uint8], label: int) -> tuple[Change | None, ...]:
    """The smallest change of each kind after which a (28, 28) uint8 image is read as `label`.

    Among equally small changes, the one with the highest confidence is taken. A change that removes all ink does not
    count. An image that is already classified correctly needs an amount of 0.

    Returns
    -------
    For each of `KINDS`, in that order, the change; None where no candidate works.

    Raises
    ------
    InkError, if `image` has another shape or type.
    """
    return tuple(_smallest_of(kind, read, image, label) for kind in KINDS)


def _smallest_of(kind: Kind, read: Predict, image: NDArray[np.uint8], label: int) -> Change | None:
    images = np.concatenate([_do(parts, image) for _, parts in kind.tried])
    probabilities = read(images)
    right = np.flatnonzero((probabilities.argmax(axis=1) == label) & images.any(axis=(1, 2)))
    if not len(right):
        return None
    best = min(right, key=lambda i: (abs(kind.tried[i][0]), -probabilities[i, label]))
    amount, parts = kind.tried[best]
    return Change(kind.name, kind.title, kind.unit, amount, parts, images[best], float(probabilities[best, label]))


def _do(parts: Parts, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    images = image[None]
    for name, amount in parts:
        images = corrupt(images, name, amount)
    return images


def smallest_pixels(read: Predict, image: NDArray[np.uint8], label: int, limit: int = 8) -> PixelChange | None:
    """Up to `limit` pixels that, set to ink or paper, make a (28, 28) uint8 image be read as `label`.

    A greedy search: each step takes the pixel that raises the label's probability most, or one that corrects the
    answer as soon as there is one. A single sufficient pixel is always found; of several, fewer might be enough.

    Returns
    -------
    The change, empty if the image is already classified correctly; None if `limit` pixels are not enough, or no single
    pixel raises the probability.
    """
    changed, probabilities = image.copy(), read(image[None])[0]
    pixels: list[tuple[int, int, int]] = []
    while probabilities.argmax() != label:
        tried = [
            (row, column, grey)
            for row, column in np.ndindex(SIDE, SIDE)
            for grey in (0, 255)
            if changed[row, column] == image[row, column] != grey
        ]
        if len(pixels) == limit or not tried:
            return None
        images = _set_pixels(changed, tried)
        answers = read(images)
        best = np.lexsort((answers[:, label], answers.argmax(axis=1) == label))[-1]
        if answers[best, label] <= probabilities[label] and answers[best].argmax() != label:
            return None
        pixels.append(tried[best])
        changed, probabilities = images[best], answers[best]
    return PixelChange(tuple(pixels), changed, float(probabilities[label]))


def _set_pixels(image: NDArray[np.uint8], pixels: list[tuple[int, int, int]]) -> NDArray[np.uint8]:
    """One copy of the image for each pixel, with that pixel set."""
    images = np.repeat(image[None], len(pixels), axis=0)
    rows, columns, greys = np.array(pixels).T
    images[np.arange(len(pixels)), rows, columns] = greys
    return images
