"""Augmentation: small random changes to training images, so that a network sees more variety than the data has.

images -> warp (rotate, shift, zoom, shear, distort) -> change stroke width -> images

Images are (n, 28, 28) float32, 0 to 255, ink 255 on 0; functions return the same shape, range and dtype.
"""

from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from digitrec.errors import RecipeError
from digitrec.ink.morphology import neighbourhood
from digitrec.ink.types import Images

KNOTS = 5  # per side of the grid that distorts an image
LARGEST_CHANGE = 180  # degrees; every other change destroys the image long before
Strength = Annotated[float, Field(ge=0, le=LARGEST_CHANGE)]  # checked by `Recipe`


@dataclass(frozen=True)
class Augmentation:
    """The strength of each change; 0 turns it off.

    Attributes
    ----------
    degrees : standard deviation of the rotation, in degrees.
    shift : maximum shift, in pixels.
    zoom : maximum fraction by which an image grows or shrinks, independently along each axis.
    shear : standard deviation of the shear, in pixels sideways per pixel down.
    bend : standard deviation in pixels of the displacement at each knot of a 5 x 5 grid (an elastic distortion as in
        Simard, 2003, but coarser).
    thicker, thinner : maximum fraction of a pixel by which strokes grow or shrink on each side.
    """

    degrees: Strength = 8
    shift: Strength = 1.0
    zoom: Strength = 0.1
    shear: Strength = 0.12
    bend: Strength = 0.8
    thicker: Strength = 0.7
    thinner: Strength = 0.3


def make_augmentation(value: Any) -> Any:
    """Make an `Augmentation` from a dictionary of its settings; any other value is returned unchanged.

    Raises
    ------
    RecipeError, if a setting does not exist.
    """
    if not isinstance(value, dict):
        return value
    known = [field.name for field in fields(Augmentation)]
    if unknown := sorted(set(value) - set(known)):
        raise RecipeError(
            f"Expected augmentation settings: {', '.join(known)}. Received: {unknown[0]!r}. Use these names."
        )
    return Augmentation(**value)


def augment(images: Images, settings: Augmentation, rng: np.random.Generator) -> Images:
    """Change each image at random, independently of the others."""
    return change_stroke_width(warp(images, settings, rng), settings, rng)


def augment_copies(
    image: NDArray[np.uint8], count: int, settings: Augmentation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Augment a (28, 28) uint8 image `count` times, as training does: (count, 28, 28) uint8."""
    images = augment(np.repeat(image[None].astype(np.float32), count, axis=0), settings, rng)
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


def warp(images: Images, settings: Augmentation, rng: np.random.Generator) -> Images:
    """Rotate, shift, zoom, shear and distort in one resampling, so that edges are blurred only once."""
    n, side = images.shape[:2]
    middle = np.float32(side / 2)
    y, x = np.meshgrid(*[np.arange(side, dtype=np.float32) - middle] * 2, indexing="ij")
    angle = np.deg2rad(rng.normal(0, settings.degrees, n))
    shear = rng.normal(0, settings.shear, n)
    zoom_y, zoom_x = 1 + rng.uniform(-settings.zoom, settings.zoom, (2, n))
    move_y, move_x = rng.uniform(-settings.shift, settings.shift, (2, n))
    bend_y, bend_x = _bend(n, side, settings.bend, rng)
    cos, sin = np.cos(angle), np.sin(angle)

    def across(values: NDArray[np.float64]) -> Images:
        return values.astype(np.float32)[:, None, None]

    from_y = across(cos * zoom_y) * y + across(sin * zoom_y) * x + across(move_y) + bend_y
    from_x = across(shear * cos - sin * zoom_x) * y + across(cos * zoom_x) * x + across(move_x) + bend_x
    return _sample(images, from_y + middle, from_x + middle)


def _bend(n: int, side: int, strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth displacement for each pixel, (2, n, side, side): random at the knots, linear between them."""
    knots = rng.normal(0, strength, (2, n, KNOTS, KNOTS)).astype(np.float32)
    position = np.linspace(0, KNOTS - 1, side)
    weights = np.clip(1 - np.abs(position[:, None] - np.arange(KNOTS)), 0, None).astype(np.float32)
    return weights @ knots @ weights.T


def _sample(images: Images, y: Images, x: Images) -> Images:
    """Sample each image bilinearly at positions y, x; beyond its border there is no ink."""
    n, side = images.shape[:2]
    padded = np.zeros((n, side + 2, side + 2), np.float32)
    padded[:, 1:-1, 1:-1] = images
    y, x = (np.clip(places + 1, 0, side + 0.999) for places in (y, x))
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top.astype(np.float32), x - left.astype(np.float32)
    flat, row = padded.ravel(), side + 2
    start = np.arange(n, dtype=np.int32)[:, None, None] * (row * row) + top * row + left
    upper = flat[start] * (1 - right) + flat[start + 1] * right
    lower = flat[start + row] * (1 - right) + flat[start + row + 1] * right
    return upper * (1 - down) + lower * down


def change_stroke_width(images: Images, settings: Augmentation, rng: np.random.Generator) -> Images:
    """Augmentation by stroke width: blend each image with a thicker or a thinner version of itself."""
    amount = rng.uniform(-1, 1, len(images)).astype(np.float32)[:, None, None]
    thick, thin = neighbourhood(images, np.maximum), neighbourhood(images, np.minimum)
    grown = images + np.clip(amount, 0, None) * settings.thicker * (thick - images)
    return grown + np.clip(-amount, 0, None) * settings.thinner * (thin - images)
