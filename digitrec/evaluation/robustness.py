"""What happens to writing on its way to a reader: turned, shifted, thickened, noised, covered; by how much, and seeded.

images -> `corrupt` -> images        a reader, images, amounts -> `accuracy_by_strength` -> a frame with a row for each

Where the same is done in MNIST-C (Mu and Gilmer, 2019, arXiv 1906.02337), `Corruption.mnist_c` names it. It turns,
sizes and shears about the picture's middle, which is 13.5; here that is 14, where MNIST has a digit's centre of mass,
so that a turned digit is not shifted too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.errors import InkError
from digitrec.evaluation.metrics import wilson_interval
from digitrec.ink.morphology import neighbourhood
from digitrec.ink.preprocessing import CENTRE, SIDE
from digitrec.ink.types import Images, Predict

FAINTEST = 1e-3  # % of noise; less would be lost in rounding, and needs more photons than NumPy can count


@dataclass(frozen=True)
class Corruption:
    """One way to make writing harder to read.

    Attributes
    ----------
    name : the key in `CORRUPTIONS`.
    title : what an amount above 0 does, for people to read.
    unit : of the amounts. An amount of 0 changes nothing.
    largest : amount.
    is_two_sided : whether amounts below 0 do the opposite.
    is_random : whether the seed matters.
    mnist_c : what MNIST-C calls it; None where it has no such thing.
    apply : (n, 28, 28) float32 of 0 to 255, an amount other than 0, a generator -> the same shape and type.
    """

    name: str
    title: str
    unit: str
    largest: float
    is_two_sided: bool
    is_random: bool
    mnist_c: str | None
    apply: Callable[[Images, float, np.random.Generator], Images]

    @property
    def smallest(self) -> float:
        """The lowest amount: as far below 0 as `largest` is above, or 0."""
        return -self.largest if self.is_two_sided else 0.0


def corrupt(images: NDArray[np.uint8], name: str, amount: float, seed: int = 0) -> NDArray[np.uint8]:
    """Corrupt images, all by the same amount.

    Parameters
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    name : one of `CORRUPTIONS`.
    amount : in its unit, from its `smallest` to its `largest`; 0 gives the images as they are.
    seed : the same one gives the same images; what is random is drawn for each image on its own.

    Returns
    -------
    (n, 28, 28) uint8, a new array.

    Raises
    ------
    InkError, where images, name or amount are none of these.
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
    """How much of what is corrupted is still read rightly. Each amount meets the same chance: a square only grows.

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,), n at least 1.
    name, seed : as for `corrupt`.

    Returns
    -------
    A frame with a row for each amount: amount, n, share (read rightly, 0 to 1), low and high (its 95 % interval).

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
    return pd.DataFrame(rows, columns=["amount", "n", "share", "low", "high"])


def verdict_map(
    read: Predict,
    image: NDArray[np.uint8],
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    *,
    seed: int = 0,
) -> NDArray[np.float32]:
    """What one (28, 28) uint8 image is read as when it is corrupted in two ways, the first before the second.

    Parameters
    ----------
    first, second : a corruption's name and its amounts, as for `corrupt`.

    Returns
    -------
    The ten probabilities of each pair, (a, b, 10) float32: rows go with the first amounts.

    Raises
    ------
    InkError, as `corrupt`.
    """
    # One by one, so that what is random is the same in every cell.
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
    """Read each image where `matrix`, about the middle, says for (y, x), bilinearly, and move it by (down, right)."""
    middle = np.full(2, CENTRE, np.float64)
    offset = middle - matrix @ (middle + shift)
    warped = np.empty_like(images)
    for image, into in zip(images, warped, strict=True):
        ndimage.affine_transform(image, matrix, offset, output=into, order=1, mode="grid-constant")
    return warped


def _thicken(images: Images, pixels: float, _rng: np.random.Generator) -> Images:
    """Whole pixels by morphology with a cross, the rest by mixing with the next one."""
    extreme = np.maximum if pixels > 0 else np.minimum
    whole = int(abs(pixels))
    for _ in range(whole):
        images = neighbourhood(images, extreme)
    return images + np.float32(abs(pixels) - whole) * (neighbourhood(images, extreme) - images)


def _noise(images: Images, percent: float, rng: np.random.Generator) -> Images:
    """Shot noise: a pixel is a count of photons, so many at full ink that `percent` is its standard deviation there."""
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
    """The row and the column, (n,) each, of a random pixel of ink in each image; 0, 0 where there is none."""
    count = np.cumsum(images.reshape(len(images), -1) > 0, axis=1)
    pixel = (count > rng.random(len(images))[:, None] * count[:, -1:]).argmax(axis=1)
    return np.divmod(pixel, SIDE)


def _span(middle: NDArray[np.intp], pixels: float) -> Images:
    """How much of each pixel in a line lies within `pixels / 2` of a middle, (n, 28) of 0 to 1."""
    index, half = np.arange(SIDE) - middle[:, None], pixels / 2
    return np.clip(np.minimum(index + 0.5, half) - np.maximum(index - 0.5, -half), 0, 1).astype(np.float32)


# MNIST-C shifts both ways at once, by 1 to 5 pixels. Its stripe turns ink and paper round, and its noise is at most
# 58 % here. Gaussian blur is in its program, but not among its fifteen.
CORRUPTIONS = {
    kind.name: kind
    for kind in (
        Corruption("turned", "Turned clockwise", "degrees", 90, True, False, "rotate", _turn),
        Corruption("shifted_right", "Shifted to the right", "pixels", 8, True, False, "translate", _shift_right),
        Corruption("shifted_down", "Shifted down", "pixels", 8, True, False, "translate", _shift_down),
        Corruption("sized", "Made larger", "%", 50, True, False, "scale", _size),
        Corruption("sheared", "Leaning to the right", "degrees", 45, True, False, "shear", _shear),
        Corruption("thickened", "Thicker on each side", "pixels", 2, True, False, None, _thicken),
        Corruption("noised", "Shot noise", "% of full ink", 60, False, True, "shot_noise", _noise),
        Corruption("blurred", "Gaussian blur", "pixels", 3, False, False, None, _blur),
        Corruption("covered", "A square missing", "pixels wide", 14, False, True, None, _cover_square),
        Corruption("striped", "A stripe missing", "pixels wide", 10, False, True, None, _cover_stripe),
    )
}
