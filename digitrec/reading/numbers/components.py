"""The ink of a number as a list of pixels of a reduced picture, with its components, specks and groups.

ink -> components and specks -> `Writing` -> groups -> ... -> parts -> pieces of the full-size ink

A part of the ink is an array of indices into that list.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.ink.morphology import stroke_widths
from digitrec.ink.preprocessing import SIDE, find_box, ink_to_image
from digitrec.ink.types import Box
from digitrec.reading.numbers.results import Piece, Pixels

WORK = 64  # pixels, approximate height of the reduced number; digits are read from the full-size ink
FAINT = 0.25  # of the strongest ink; fainter ink does not connect components

# Lengths in heights of the number, which is the height of its tallest component.
SPECK = 0.12  # a component smaller than this in both directions is a speck, unless there is nothing else
NEAR = 0.1  # a speck closer than this to other ink belongs to it
APART = 0.04  # narrower gaps of paper do not separate groups

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Writing:
    """The ink of a number, reduced.

    Attributes
    ----------
    y, x, grey : (n,), position and grey of each pixel with ink; grey is 1 to 255.
    component : (n,), number of its component, from 1; negative for specks that are left out.
    height : height of the tallest component, in reduced pixels.
    pen : width of the pen, in reduced pixels.
    shape : shape of the reduced picture.
    factor : pixels of the canvas per reduced pixel, in each direction.
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
    """Reduce ink, cropped to its box, by averaging over squares, and find its components and specks."""
    factor = max(1, round(ink.shape[0] / WORK))
    padded = np.pad(ink, [(0, -length % factor) for length in ink.shape])
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    small = padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3), dtype=np.float32)
    components = _label(small)
    height = max(down.stop - down.start for down, _ in _boxes(components))
    components = _mark_specks(components, SPECK * height, NEAR * height)
    y, x = np.nonzero(small)
    grey = np.maximum(np.rint(small[y, x]), 1).astype(np.uint8)
    pen = max(1.0, float(stroke_widths(small[None] > 0)[0]))
    return Writing(y, x, grey, components[y, x], height, pen, small.shape, factor)


def _label(small: NDArray[np.float32]) -> Places:
    """Number components from 1. Faint edges join the nearest strong ink; faint islands are components themselves."""
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


def _mark_specks(components: Places, small: float, near: float) -> Places:
    """Assign specks near other ink to its component, and give the other specks negative numbers."""
    sides = [max(down.stop - down.start, across.stop - across.start) for down, across in _boxes(components)]
    specks = [number for number, side in enumerate(sides, 1) if side < small]
    if not specks:
        return components
    is_other = (components > 0) & ~np.isin(components, specks)
    if not is_other.any():
        return components
    distance, nearest = ndimage.distance_transform_edt(~is_other, return_indices=True)
    marked = components.copy()
    for number in specks:
        mine = components == number
        closest = np.unravel_index(np.where(mine, distance, np.inf).argmin(), mine.shape)
        marked[mine] = components[tuple(nearest[:, *closest])] if distance[closest] <= near else -number
    return marked


def _boxes(components: Places) -> list[tuple[slice, slice]]:
    """Rows and columns of each component."""
    return ndimage.find_objects(components)


def find_groups(writing: Writing) -> list[Places]:
    """The groups of ink, without specks: separated by columns of paper, left to right."""
    is_ink = writing.component >= 0
    columns = np.flatnonzero(np.bincount(writing.x[is_ink], minlength=writing.shape[1]))
    starts = columns[1:][np.diff(columns) - 1 >= APART * writing.height]
    number = np.searchsorted(starts, writing.x, side="right")
    return [np.flatnonzero(is_ink & (number == k)) for k in range(len(starts) + 1)]


def find_specks(writing: Writing) -> list[Places]:
    """The specks that are far from everything else."""
    return [np.flatnonzero(writing.component == number) for number in np.unique(writing.component) if number < 0]


def widest_component(writing: Writing) -> int:
    """The width of the widest component, without specks, in reduced pixels."""
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
    """Preprocess each part for the network: (n, 28, 28) uint8."""
    images = np.zeros((len(parts), SIDE, SIDE), np.uint8)
    for image, part in zip(images, parts, strict=True):
        y, x = writing.y[part] - writing.y[part].min(), writing.x[part] - writing.x[part].min()
        ink = np.zeros((y.max() + 1, x.max() + 1), np.uint8)
        ink[y, x] = writing.grey[part]
        image[:] = ink_to_image(ink)
    return images


def cut_out(ink: Pixels, writing: Writing, parts: Sequence[Places], corner: tuple[int, int]) -> list[Piece]:
    """The components under parts of the reduced picture, cut out of cropped ink, whose left and top are `corner`."""
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
