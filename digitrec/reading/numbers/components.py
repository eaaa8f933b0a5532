"""The ink of a number as a list of pixels of a reduced picture: its components, its specks, its groups.

ink -> components, specks told from them -> `Writing` -> groups -> ... -> parts of it -> pieces of all of the ink

A part of the ink is an array of places in that list.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.ink.morphology import stroke_widths
from digitrec.ink.preprocessing import SIDE, find_box
from digitrec.ink.types import Box
from digitrec.reading.numbers.results import Piece, Pixels, to_image

WORK = 64  # pixels, about the height of a number when it is cut; read digits are made from all of the ink
FAINT = 0.25  # of the darkest ink; what is fainter connects nothing

# Lengths in heights of the number, which is its tallest component's.
SPECK = 0.12  # smaller both ways is a speck, unless it is all there is
NEAR = 0.1  # a speck so close to other ink belongs to it
APART = 0.04  # a narrower gap of paper is none

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Writing:
    """The ink of a number, reduced.

    Attributes
    ----------
    y, x, grey : (n,) of each pixel with ink; grey is 1 to 255.
    component : (n,), its number, from 1; below 0 for specks that are left out.
    height : of the tallest component, in reduced pixels.
    pen : its width, in reduced pixels.
    shape : of the reduced picture.
    factor : pixels of the canvas for each reduced one, each way.
    """

    y: Places
    x: Places
    grey: Pixels
    component: Places
    height: float
    pen: float
    shape: tuple[int, int]
    factor: int


def reduce_ink(ink: Pixels) -> Writing:
    """Average ink, tight in its box, over squares, and tell components from specks."""
    factor = max(1, round(ink.shape[0] / WORK))
    padded = np.pad(ink, [(0, -length % factor) for length in ink.shape])
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    small = padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3), dtype=np.float32)
    components = _label(small)
    height = max(down.stop - down.start for down, _ in _boxes(components))
    components = _tell_specks(components, SPECK * height, NEAR * height)
    y, x = np.nonzero(small)
    grey = np.maximum(np.rint(small[y, x]), 1).astype(np.uint8)
    pen = max(1.0, float(stroke_widths(small[None] > 0)[0]))
    return Writing(y, x, grey, components[y, x], height, pen, small.shape, factor)


def _label(small: NDArray[np.float32]) -> Places:
    """Number the components, from 1. A faint edge goes with the nearest ink that is not, an island of it is its own."""
    with_corners = np.ones((3, 3))
    strong = small >= FAINT * small.max()
    components, count = ndimage.label(strong, with_corners)
    weak = (small > 0) & ~strong
    if weak.any():
        islands, _ = ndimage.label(small > 0, with_corners)
        is_faint = weak & ~np.isin(islands, np.unique(islands[strong]))
        nearest = ndimage.distance_transform_edt(~strong, return_distances=False, return_indices=True)
        components = np.where(weak, components[tuple(nearest)], components)
        components[is_faint] = ndimage.label(is_faint, with_corners)[0][is_faint] + count
    return components.astype(np.intp)


def _tell_specks(components: Places, small: float, near: float) -> Places:
    """Give specks that are near other ink its number, and the others numbers below 0."""
    sides = [max(down.stop - down.start, across.stop - across.start) for down, across in _boxes(components)]
    specks = [number for number, side in enumerate(sides, 1) if side < small]
    if not specks:
        return components
    is_other = (components > 0) & ~np.isin(components, specks)
    if not is_other.any():
        return components
    distance, nearest = ndimage.distance_transform_edt(~is_other, return_indices=True)
    told = components.copy()
    for number in specks:
        mine = components == number
        closest = np.unravel_index(np.where(mine, distance, np.inf).argmin(), mine.shape)
        told[mine] = components[tuple(nearest[:, *closest])] if distance[closest] <= near else -number
    return told


def _boxes(components: Places) -> list[tuple[slice, slice]]:
    """Rows and columns of each component."""
    return ndimage.find_objects(components)


def find_groups(writing: Writing) -> list[Places]:
    """The ink without specks, in groups with paper between them from top to bottom, left to right."""
    is_ink = writing.component >= 0
    columns = np.flatnonzero(np.bincount(writing.x[is_ink], minlength=writing.shape[1]))
    starts = columns[1:][np.diff(columns) - 1 >= APART * writing.height]
    number = np.searchsorted(starts, writing.x, side="right")
    return [np.flatnonzero(is_ink & (number == k)) for k in range(len(starts) + 1)]


def find_specks(writing: Writing) -> list[Places]:
    """The specks that are far from everything else."""
    return [np.flatnonzero(writing.component == number) for number in np.unique(writing.component) if number < 0]


def widest_component(writing: Writing) -> int:
    """How wide the widest component is, specks left out, in reduced pixels."""
    is_ink = writing.component > 0
    if not is_ink.any():
        return 0
    number, x = writing.component[is_ink], writing.x[is_ink]
    labels = np.unique(number)
    return int((ndimage.maximum(x, number, labels) - ndimage.minimum(x, number, labels)).max()) + 1


def size_of(writing: Writing, part: Places) -> tuple[int, int]:
    """Height and width of a part's box."""
    return int(np.ptp(writing.y[part])) + 1, int(np.ptp(writing.x[part])) + 1


def to_images(writing: Writing, parts: Sequence[Places]) -> Pixels:
    """Each part as the network reads it, (n, 28, 28) uint8."""
    images = np.zeros((len(parts), SIDE, SIDE), np.uint8)
    for image, part in zip(images, parts, strict=True):
        y, x = writing.y[part] - writing.y[part].min(), writing.x[part] - writing.x[part].min()
        ink = np.zeros((y.max() + 1, x.max() + 1), np.uint8)
        ink[y, x] = writing.grey[part]
        image[:] = to_image(ink)
    return images


def cut_out(ink: Pixels, writing: Writing, parts: Sequence[Places], corner: tuple[int, int]) -> list[Piece]:
    """The pieces of tight ink that lie under parts of its reduced picture; `corner` is its left and top."""
    owner = np.zeros(writing.shape, np.intp)
    for number, part in enumerate(parts, 1):
        owner[writing.y[part], writing.x[part]] = number
    owner = owner.repeat(writing.factor, axis=0).repeat(writing.factor, axis=1)[: ink.shape[0], : ink.shape[1]]
    pieces = []
    for number, box in enumerate(ndimage.find_objects(owner), 1):
        own = np.where(owner[box] == number, ink[box], 0)
        tight = find_box(own) or Box(0, 0, 0, 0)
        start = corner[0] + box[1].start + tight.left, corner[1] + box[0].start + tight.top
        pieces.append(Piece(*start, own[tight.slices]))
    return pieces
