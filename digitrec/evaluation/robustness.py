"""Corruptions of images - turned, shifted, thickened, noisy, covered - and the accuracy under each of them.

images -> `corrupt` -> images        a model, images, amounts -> `accuracy_by_strength` -> one row per amount

`Corruption.mnist_c` names the equivalent in MNIST-C (Mu and Gilmer, 2019, arXiv 1906.02337), where there is one.
MNIST-C rotates, scales and shears about the centre of the image, 13.5; here it is 14, the centre of mass of an MNIST
digit, so that a turned digit is not shifted as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.errors import InkError
from digitrec.evaluation.significance import wilson_interval
from digitrec.ink.morphology import neighbourhood
from digitrec.ink.preprocessing import CENTRE, SIDE
from digitrec.ink.types import Images, Predict

FAINTEST = 1e-3  # % of noise; less would be lost in rounding, and needs more photons than NumPy can count


@dataclass(frozen=True)
class Corruption:
    """One way to make images harder to classify.

    Attributes
    ----------
    name : the key in `CORRUPTIONS`.
    title : what an amount above 0 does, as shown to users.
    unit : of the amounts. An amount of 0 changes nothing.
    largest : the largest amount.
    is_two_sided : whether amounts below 0 do the opposite.
    mnist_c : its name in MNIST-C; None where it has no equivalent.
    apply : (n, 28, 28) float32 of 0 to 255, an amount other than 0, a generator -> the same shape and type.
    """

    name: str
    title: str
    unit: str
    largest: float
    is_two_sided: bool
    mnist_c: str | None
    apply: Callable[[Images, float, np.random.Generator], Images]

    @property
    def smallest(self) -> float:
        """The lowest amount: as far below 0 as `largest` is above, or 0."""
        return -self.largest if self.is_two_sided else 0.0


def corrupt(images: NDArray[np.uint8], name: str, amount: float, seed: int = 0) -> NDArray[np.uint8]:
    """Corrupt all images by the same amount.

    Parameters
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    name : one of `CORRUPTIONS`.
    amount : in the unit of the corruption, from its `smallest` to its `largest`; 0 leaves the images unchanged.
    seed : the same seed gives the same images; random choices are made for each image separately.

    Returns
    -------
    (n, 28, 28) uint8, a new array.

    Raises
    ------
    InkError, if the images, the name or the amount are not valid.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
        raise InkError(
            f"Expected images as uint8 of shape (n, {SIDE}, {SIDE}), ink 255 on 0. "
            f"Received: shape {images.shape}, dtype {images.dtype}. Make them with `preprocess`."
        )
    if name not in CORRUPTIONS:
        raise InkError(f"Expected a corruption by name. Received: {name!r}. Choose one of {', '.join(CORRUPTIONS)}.")
    kind = CORRUPTIONS[name]
    if not kind.smallest <= amount <= kind.largest:
        raise InkError(
            f"Expected an amount from {kind.smallest:g} to {kind.largest:g} {kind.unit} of {name!r}. "
            f"Received: {amount:g}. Choose one in between."
        )
    if amount == 0 or not len(images):
        return images.copy()
    changed = kind.apply(images.astype(np.float32), amount, np.random.default_rng(seed))
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def accuracy_by_strength(
    read: Predict,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    name: str,
    amounts: Sequence[float],
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure the robustness of predictions: the accuracy at each amount of a corruption.

    All amounts use the same random choices: a covering square stays in place and grows.

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,), n at least 1.
    name, seed : as for `corrupt`.

    Returns
    -------
    A frame with a row for each amount: amount, n, accuracy (0 to 1), low and high (its 95 % confidence
    interval).

    Raises
    ------
    InkError, as `corrupt`, and where there are no images.
    """
    n = len(images)
    if not n:
        raise InkError("Expected at least one image to read. Received: none. Choose a larger part of the data.")
    rows = []
    for amount in amounts:
        right = int((read(corrupt(images, name, amount, seed)).argmax(axis=1) == labels).sum())
        rows.append((float(amount), n, right / n, *wilson_interval(right, n)))
    return pd.DataFrame(rows, columns=["amount", "n", "accuracy", "low", "high"])


def verdict_map(
    read: Predict,
    image: NDArray[np.uint8],
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    *,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Robustness of one (28, 28) uint8 image: its probabilities under two corruptions, the first applied first.

    Parameters
    ----------
    first, second : a corruption's name and its amounts, as for `corrupt`.

    Returns
    -------
    (a, b, 10) float32: the rows follow the first amounts, the columns the second.

    Raises
    ------
    InkError, as `corrupt`.
    """
    # One at a time, so that random choices are the same in every cell.
    changed = [
        corrupt(once, second[0], amount, seed)
        for once in [corrupt(image[None], first[0], amount, seed) for amount in first[1]]
        for amount in second[1]
    ]
    probabilities = read(np.concatenate([np.empty((0, SIDE, SIDE), np.uint8), *changed]))
    return probabilities.reshape(len(first[1]), len(second[1]), 10)


def _turn(images: Images, degrees: float, _rng: np.random.Generator) -> Images:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return _warp(images, np.array([[cos, -sin], [sin, cos]]))


def _shift_right(images: Images, pixels: float, _rng: np.random.Generator) -> Images:
    return _warp(images, np.eye(2), (0, pixels))


def _shift_down(images: Images, pixels: float, _rng: np.random.Generator) -> Images:
    return _warp(images, np.eye(2), (pixels, 0))


def _size(images: Images, percent: float, _rng: np.random.Generator) -> Images:
    return _warp(images, np.eye(2) / (1 + percent / 100))


def _shear(images: Images, degrees: float, _rng: np.random.Generator) -> Images:
    return _warp(images, np.array([[1, 0], [np.tan(np.deg2rad(degrees)), 1]]))


def _warp(images: Images, matrix: NDArray[np.float64], shift: tuple[float, float] = (0, 0)) -> Images:
    """Sample each image bilinearly at `matrix` @ (y, x), about the centre, and move it by (down, right)."""
    middle = np.full(2, CENTRE, np.float64)
    offset = middle - matrix @ (middle + shift)
    warped = np.empty_like(images)
    for image, into in zip(images, warped, strict=True):
        ndimage.affine_transform(image, matrix, offset, output=into, order=1, mode="grid-constant")
    return warped


def _thicken(images: Images, pixels: float, _rng: np.random.Generator) -> Images:
    """Whole pixels by morphology with a cross; a fraction by blending with the next one."""
    extreme = np.maximum if pixels > 0 else np.minimum
    whole = int(abs(pixels))
    for _ in range(whole):
        images = neighbourhood(images, extreme)
    return images + np.float32(abs(pixels) - whole) * (neighbourhood(images, extreme) - images)


def _noise(images: Images, percent: float, rng: np.random.Generator) -> Images:
    """Shot noise: a pixel is a photon count, scaled so that `percent` is its standard deviation at full ink."""
    photons = (100 / max(percent, FAINTEST)) ** 2
    return (rng.poisson(images / 255 * photons) / photons * 255).astype(np.float32)


def _blur(images: Images, pixels: float, _rng: np.random.Generator) -> Images:
    return ndimage.gaussian_filter(images, (0, pixels, pixels), mode="constant")


def _cover_square(images: Images, pixels: float, rng: np.random.Generator) -> Images:
    row, column = _pick_ink(images, rng)
    return images * (1 - _span(row, pixels)[:, :, None] * _span(column, pixels)[:, None, :])


def _cover_stripe(images: Images, pixels: float, rng: np.random.Generator) -> Images:
    row, column = _pick_ink(images, rng)
    lies = (rng.random(len(images)) < 0.5)[:, None, None]
    return images * (1 - np.where(lies, _span(row, pixels)[:, :, None], _span(column, pixels)[:, None, :]))


def _pick_ink(images: Images, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The row and column, (n,) each, of a random ink pixel in each image; 0, 0 where there is no ink."""
    count = np.cumsum(images.reshape(len(images), -1) > 0, axis=1)
    pixel = (count > rng.random(len(images))[:, None] * count[:, -1:]).argmax(axis=1)
    return np.divmod(pixel, SIDE)


def _span(middle: NDArray[np.intp], pixels: float) -> Images:
    """The fraction of each pixel of a line that lies within `pixels / 2` of the middle, (n, 28) of 0 to 1."""
    index, half = np.arange(SIDE) - middle[:, None], pixels / 2
    return np.clip(np.minimum(index + 0.5, half) - np.maximum(index - 0.5, -half), 0, 1).astype(np.float32)


# MNIST-C shifts both ways at once, by 1 to 5 pixels. Its stripe inverts the image, and its noise goes up to 58 % on
# this scale. Gaussian blur is in its code, but not among its fifteen corruptions.
CORRUPTIONS = {
    kind.name: kind
    for kind in (
        Corruption("turned", "Turned clockwise", "degrees", 90, True, "rotate", _turn),
        Corruption("shifted_right", "Shifted to the right", "pixels", 8, True, "translate", _shift_right),
        Corruption("shifted_down", "Shifted down", "pixels", 8, True, "translate", _shift_down),
        Corruption("sized", "Made larger", "%", 50, True, "scale", _size),
        Corruption("sheared", "Leaning to the right", "degrees", 45, True, "shear", _shear),
        Corruption("thickened", "Thicker on each side", "pixels", 2, True, None, _thicken),
        Corruption("noised", "Shot noise", "% of full ink", 60, False, "shot_noise", _noise),
        Corruption("blurred", "Gaussian blur", "pixels", 3, False, None, _blur),
        Corruption("covered", "A square missing", "pixels wide", 14, False, None, _cover_square),
        Corruption("striped", "A stripe missing", "pixels wide", 10, False, None, _cover_stripe),
    )
}


def amounts_of(kind: Corruption, count: int) -> list[float]:
    """`count` amounts of a corruption, from the smallest to the largest, including 0."""
    amounts = np.linspace(kind.smallest, kind.largest, count)
    return [round(float(amount), 3) for amount in amounts]
