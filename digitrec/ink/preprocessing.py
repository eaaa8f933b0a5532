"""Preprocessing: from ink of any size to the 28 x 28 image that a network reads, the way MNIST was made.

canvas -> ink -> box -> square -> 20 x 20 -> stretched -> 28 x 28

A network trained on MNIST reads a drawing well only if it is preprocessed the same way: cropped to the ink, its longer
side 20 pixels, its centre of mass in the middle. The steps follow the reconstruction of MNIST's preprocessing by Yadav
and Bottou, "Cold Case: The Lost MNIST Digits" (2019). Every intermediate picture is kept, so each step can be shown.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.types import Box

SIDE = 28  # pixels, side of the image that a network reads
BOX = 20  # pixels, longer side of the ink in it
CENTRE = 14  # index that the centre of mass is moved to, as in MNIST; not 13.5
MIN_CONTRAST = 16  # of 255; colours closer to the paper's count as paper

Step = Literal["crop", "square", "average", "stretch", "centre"]
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True)
class Preprocessed:
    """A drawing and the result of each preprocessing step. All pictures are uint8, ink 255 on 0.

    Attributes
    ----------
    ink : (H, W), the whole canvas.
    box : where the ink lies in `ink`; None if there is no ink.
    cropped : (h, w), the ink inside the box; None without ink, like all that follow.
    square : (s, s), padded; s is the longer side of the box.
    small : (20, 20), averaged over areas.
    stretched : (20, 20), scaled so that the strongest pixel is 255.
    shift : (down, right), position of the 20 x 20 in the 28 x 28.
    image : (28, 28), what the network reads.
    """

    ink: NDArray[np.uint8]
    box: Box | None = None
    cropped: NDArray[np.uint8] | None = None
    square: NDArray[np.uint8] | None = None
    small: NDArray[np.uint8] | None = None
    stretched: NDArray[np.uint8] | None = None
    shift: tuple[int, int] | None = None
    image: NDArray[np.uint8] | None = None


def preprocess(canvas: NDArray[np.uint8], skip: Step | None = None) -> Preprocessed:
    """Preprocess a drawing into the 28 x 28 image that a network reads.

    Parameters
    ----------
    canvas : (H, W) uint8 with ink 255 on 0, or (H, W, 4) uint8 RGBA with ink of any colour on paper of any colour.
    skip : one step of `STEPS` to leave out, to show its effect; None for all steps.

    Returns
    -------
    Preprocessed, whose `image` is None if there is no ink.

    Raises
    ------
    InkError, if `canvas` is not such an array.
    """
    ink = find_ink(canvas)
    box = find_box(ink)
    if box is None:
        return Preprocessed(ink)
    cropped = ink if skip == "crop" else ink[box.slices]
    square = cropped if skip == "square" else pad_to_square(cropped)
    small = pick_pixels(square) if skip == "average" else average_areas(square)
    stretched = small if skip == "stretch" else stretch(small)
    offset = (SIDE - BOX) // 2
    shift = (offset, offset) if skip == "centre" else centring_shift(stretched)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[shift[0] : shift[0] + BOX, shift[1] : shift[1] + BOX] = to_uint8(stretched)
    return Preprocessed(ink, box, cropped, square, to_uint8(small), to_uint8(stretched), shift, image)


def shrink(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Naive preprocessing, for comparison: a (280, 280) canvas averaged over 10 x 10 blocks, (28, 28) uint8."""
    step = len(canvas) // SIDE
    return to_uint8(canvas.reshape(SIDE, step, SIDE, step).mean(axis=(1, 3)))


def find_ink(canvas: NDArray[np.uint8], paper: tuple[int, int, int] | None = None) -> NDArray[np.uint8]:
    """First step of `preprocess`: separate ink from paper: (H, W) uint8, ink 255 on 0.

    A grey picture is ink already. If the paper of an RGBA picture is transparent, its opacity is the ink. Otherwise ink
    is the difference from the colour of the paper, scaled so that the largest is 255. The paper is the most common
    colour on the border, unless its red, green and blue (0 to 255) are given. Give them where ink may cover the whole
    picture, which otherwise looks like an empty one.
    """
    canvas = np.asarray(canvas)
    is_rgba = canvas.ndim == 3 and canvas.shape[2] == 4
    if canvas.dtype != np.uint8 or not (canvas.ndim == 2 or is_rgba) or canvas.size == 0:
        raise InkError(
            "Expected a picture as a non-empty array of uint8: (height, width) with ink 255 on 0, or "
            f"(height, width, 4) RGBA. Received: shape {canvas.shape}, dtype {canvas.dtype}. "
            "Convert it first, for example with Pillow's Image.convert('RGBA')."
        )
    if not is_rgba:
        return canvas
    border = border_colour(canvas)
    if paper is None and border[3] == 0:
        return canvas[..., 3].copy()
    distance = np.abs(canvas[..., :3].astype(np.int16) - (border[:3] if paper is None else paper)).max(axis=2)
    if paper is not None:
        distance = distance * (canvas[..., 3] / 255)
    strongest = float(distance.max())
    if strongest < MIN_CONTRAST:
        return np.zeros(canvas.shape[:2], np.uint8)
    return to_uint8(np.where(distance < MIN_CONTRAST, 0, distance) * (255 / strongest))


def border_colour(canvas: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The colour of the paper for `find_ink`: the most common on the border of an (H, W, 4) picture, (4,) int16."""
    border = np.concatenate([canvas[0], canvas[-1], canvas[:, 0], canvas[:, -1]])
    _, first, counts = np.unique(border.view(np.uint32), return_index=True, return_counts=True)
    return border[first[counts.argmax()]].astype(np.int16)


def find_box(ink: NDArray[np.uint8]) -> Box | None:
    """The tight box of the ink, (H, W) uint8; None if there is none."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def pad_to_square(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pad an (h, w) picture to a square, with the picture in the middle."""
    side = max(picture.shape)
    top, left = ((side - length) // 2 for length in picture.shape)
    square = np.zeros((side, side), picture.dtype)  # np.pad takes six times as long
    square[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return square


def average_areas(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Resize an (h, w) picture to 20 x 20 by averaging over the area of each new pixel. Range 0 to 255."""
    down, across = (area_weights(length) for length in picture.shape)
    return down @ picture @ across.T


@lru_cache(128)  # 45 kB for a side of 280 pixels; computing them took a fifth of `preprocess`
def area_weights(length: int) -> NDArray[np.float64]:
    """The overlap of `length` pixels with 20 equal intervals: (20, length), read-only, each row sums to 1."""
    edges = np.arange(BOX + 1) * (length / BOX)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.clip(overlap, 0, None) * (BOX / length)
    weights.flags.writeable = False
    return weights


def pick_pixels(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """In place of `average_areas`: resize an (h, w) picture to 20 x 20 by keeping one pixel of each area."""
    rows, columns = (((np.arange(BOX) + 0.5) * length / BOX).astype(int) for length in picture.shape)
    return picture[np.ix_(rows, columns)].astype(np.float64)


def stretch(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale greys of any shape so that the maximum is 255; a picture without ink stays as it is."""
    strongest = picture.max()
    return picture * (255 / strongest) if strongest > 0 else picture


def centring_shift(picture: NDArray[np.float64]) -> tuple[int, int]:
    """The position (down, right) of a 20 x 20 picture in 28 x 28 that brings its centre of mass to index 14.

    Whole pixels, 0 to 8 each, so that the 20 x 20 stays inside.
    """
    mass = picture.sum()
    if mass == 0:
        return (SIDE - BOX) // 2, (SIDE - BOX) // 2
    index = np.arange(BOX)
    centres = (picture.sum(axis=1) @ index / mass, picture.sum(axis=0) @ index / mass)
    # For symmetric ink the shift is a tie. It must not depend on rounding errors: halves within a millionth round up.
    moves = (np.floor(round(CENTRE - centre + 0.5, 6)) for centre in centres)
    down, right = (int(np.clip(move, 0, SIDE - BOX)) for move in moves)
    return down, right


def to_uint8(picture: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Round the greys between two steps of `preprocess`, 0 to 255, of any shape, to uint8."""
    return np.rint(picture).astype(np.uint8)


def ink_to_image(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Preprocess ink that is not empty, (h, w) uint8, for the network: (28, 28) uint8; InkError without ink."""
    image = preprocess(ink).image
    if image is None:
        raise InkError("Expected a piece with ink. Received: one without. Leave out what has no ink.")
    return image
