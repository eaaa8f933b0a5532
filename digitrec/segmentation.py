"""From the ink of a written number to its digits, also where they touch.

ink -> components -> a row of groups -> read -> what is no plain digit is cut, read and put together anew -> digits

Ink that lies above each other is one group, and a group that reads as a digit is one. Any other is cut too often:
between its components, then between its strokes where they are known, then along paths from top to bottom that cross
little ink. Each piece between two cuts is read, and the row of pieces that reads best is taken: over-segmentation and
the best path through it (Matan and others, "Reading Handwritten Digits: A ZIP Code Recognition System", 1992; LeCun and
others, "Gradient-Based Learning Applied to Document Recognition", 1998, section V).

Inside, ink is a list of pixels of a reduced picture, and a part of it an array of places in that list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.corruptions import Read
from digitrec.errors import InkError
from digitrec.preprocessing import SIDE, find_box, find_ink, preprocess

WORK = 64  # pixels, about the height of a number when it is cut; read digits are made from all of the ink
FAINT = 0.25  # of the darkest ink; what is fainter connects nothing

# Lengths in heights of the number, which is its tallest component's.
SPECK = 0.12  # smaller both ways is a speck, unless it is all there is
NEAR = 0.1  # a speck so close to other ink belongs to it
APART = 0.04  # a narrower gap of paper is none
LINKED = 0.35  # ink across a wider gap is never one digit
WIDEST = 1.3  # a piece that is wider is no digit
LOWEST = 0.4  # nor one that is lower
LEAST = 0.4  # nor one with less ink than a line so long
SPREAD = 0.1  # seams that are closer, on average over their rows, are one

SAME = 0.02  # cuts that differ by no more than a line so long are one
TURNED = 0.1  # of a pen's width, squared: so much of a cut's left may lie right of the next one
MOST = 80  # cuts of a stretch, besides its borders; the cheapest

PLAIN = 0.9  # probability from which a group is a digit without further ado, if it is as high and narrow as one:
PLAIN_HEIGHT, PLAIN_WIDTH = 0.5, 1.1  # at least, in heights of the number; at most, in its own
SIDEWAYS = 0.1  # of a pixel of ink is what a seam pays for a step aside
DEAREST = 3.5  # widths of the pen that a seam may cross

# What a row of pieces pays, chosen on training digits.
READ = 2.0  # for each piece, times the logarithm of how much it is a digit
FLOOR = 0.01  # which is at least this
CROSSED = 0.5  # for each width of the pen that a cut crosses
LOW, LOW_BELOW = 10.0, 0.75  # for each height that a piece is lower than so many
GAP = 3.0  # for each height of paper inside a piece

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Piece:
    """Some of the ink.

    Attributes
    ----------
    left, top : of its box on the canvas, in pixels.
    ink : (h, w) uint8, its own ink and no other's, tight.
    """

    left: int
    top: int
    ink: Pixels

    @property
    def right(self) -> int:
        """The right side of its box, excluded."""
        return self.left + self.ink.shape[1]

    @property
    def bottom(self) -> int:
        """The lower side of its box, excluded."""
        return self.top + self.ink.shape[0]


@dataclass(frozen=True, eq=False)
class FoundDigit(Piece):
    """A piece that was read as a digit.

    Attributes
    ----------
    image : (28, 28) uint8, the piece as the network reads it.
    probabilities : (10,) float32, sums to 1.
    """

    image: Pixels
    probabilities: NDArray[np.float32]

    @property
    def digit(self) -> int:
        """The likeliest digit."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True, eq=False)
class NumberReading:
    """What a written number was read as. Every pixel of ink is in one of `digits` or of `left_out`, and only there.

    Attributes
    ----------
    digits : left to right, by the middles of their boxes.
    left_out : specks.
    """

    digits: tuple[FoundDigit, ...] = ()
    left_out: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The likeliest digits, left to right; empty where there are none."""
        return "".join(str(found.digit) for found in self.digits)


@dataclass(frozen=True, eq=False)
class _Writing:
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


@dataclass(frozen=True, eq=False)
class _Cut:
    """Which of some pixels lie left of it, and how many widths of the pen it crosses."""

    is_left: Bools
    crossed: float = 0.0


@dataclass(frozen=True, eq=False)
class _Part:
    """Some pixels of a writing, and whether they are plainly a digit."""

    places: Places
    is_plain: bool


Cutter = Callable[[_Writing, Places], list[_Cut]]


def read_number(canvas: Pixels, read: Read, strokes: Sequence[NDArray[Any]] | None = None) -> NumberReading:
    """Find the digits of a written number and read them.

    Parameters
    ----------
    canvas : (H, W) uint8, ink 255 on 0, or (H, W, 4) uint8 RGBA.
    read : (n, 28, 28) uint8 -> (n, 10) float32, such as `Classifier.predict_proba`. It should give what is no digit
        low probabilities, as the shipped model was taught to.
    strokes : (k, 2) arrays, x and y in canvas pixels, y down, where they are known. Their order does not matter.

    Raises
    ------
    InkError, where `canvas` is not such an array.
    """
    ink = find_ink(canvas)
    box = find_box(ink)
    if box is None:
        return NumberReading()
    top, bottom, left, right = box
    tight = ink[top:bottom, left:right]
    writing = _reduce(tight)
    corner = np.array([left, top])
    paths = [(np.reshape(stroke, (-1, 2)) - corner) / writing.factor for stroke in strokes or () if len(stroke)]
    cutters: list[Cutter] = [_between_components, _along_seams]
    if paths:
        cutters.insert(1, lambda some, places: _between_strokes(some, places, paths))
    row = _judge(writing, _groups(writing), read)
    for cutter in cutters:
        row = [part for stretch in _stretches(writing, row) for part in _improve(writing, stretch, cutter, read)]
    pieces = _cut_out(tight, writing, [part.places for part in row], (left, top))
    specks = [np.flatnonzero(writing.component == number) for number in np.unique(writing.component) if number < 0]
    return NumberReading(_read_pieces(pieces, read), tuple(_cut_out(tight, writing, specks, (left, top))))


def split(digit: FoundDigit, read: Read) -> tuple[FoundDigit, FoundDigit]:
    """Take a digit for two: cut it where both halves read best.

    Raises
    ------
    InkError, where the ink is too narrow to be cut.
    """
    writing = _reduce(digit.ink)
    everything = np.arange(len(writing.x))
    middle = _Cut(writing.x < writing.shape[1] / 2, DEAREST)
    cuts = [*_between_components(writing, everything), *_along_seams(writing, everything), middle]
    cuts = [cut for cut in cuts if cut.is_left.any() and not cut.is_left.all()]
    if not cuts:
        raise InkError(
            f"Expected a digit wide enough to be two. Received: one of {digit.ink.shape[1]} x {digit.ink.shape[0]} "
            "pixels. Leave it whole."
        )
    halves = [everything[side] for cut in cuts for side in (cut.is_left, ~cut.is_left)]
    scores = _scores(writing, halves, read)
    best = int(np.argmax(scores[0::2] + scores[1::2] - [CROSSED * cut.crossed for cut in cuts]))
    pieces = _cut_out(digit.ink, writing, halves[2 * best : 2 * best + 2], (digit.left, digit.top))
    first, second = _read_pieces(pieces, read)
    return first, second


def join(first: FoundDigit, second: FoundDigit, read: Read) -> FoundDigit:
    """Take two digits of one reading for one, (28, 28) image and probabilities made anew from the ink of both."""
    left, top = min(first.left, second.left), min(first.top, second.top)
    right, bottom = max(first.right, second.right), max(first.bottom, second.bottom)
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for one in (first, second):
        part = ink[one.top - top : one.bottom - top, one.left - left : one.right - left]
        np.maximum(part, one.ink, out=part)
    return _read_pieces([Piece(left, top, ink)], read)[0]


# From ink to a row of groups.


def _reduce(ink: Pixels) -> _Writing:
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
    return _Writing(y, x, grey, components[y, x], height, _pen_width(small > 0), small.shape, factor)


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


def _pen_width(is_ink: Bools) -> float:
    """Twice the area over the length of the outline, which is pi / 4 of its steps along the pixels on average."""
    padded = np.pad(is_ink, 1)
    steps = int((padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum())
    return max(1.0, 2 * float(is_ink.sum()) / (steps * np.pi / 4))


def _groups(writing: _Writing) -> list[Places]:
    """The ink without specks, in groups with paper between them from top to bottom, left to right."""
    is_ink = writing.component >= 0
    columns = np.flatnonzero(np.bincount(writing.x[is_ink], minlength=writing.shape[1]))
    starts = columns[1:][np.diff(columns) - 1 >= APART * writing.height]
    number = np.searchsorted(starts, writing.x, side="right")
    return [np.flatnonzero(is_ink & (number == k)) for k in range(len(starts) + 1)]


def _judge(writing: _Writing, parts: Sequence[Places], read: Read) -> list[_Part]:
    answers = read(_images(writing, parts))
    return [
        _Part(part, _is_plain(writing, part, float(answer.max()))) for part, answer in zip(parts, answers, strict=True)
    ]


def _is_plain(writing: _Writing, part: Places, confidence: float) -> bool:
    high, wide = _size(writing, part)
    return confidence >= PLAIN and high >= PLAIN_HEIGHT * writing.height and wide <= PLAIN_WIDTH * high


def _size(writing: _Writing, part: Places) -> tuple[int, int]:
    """Height and width of a part's box."""
    return int(np.ptp(writing.y[part])) + 1, int(np.ptp(writing.x[part])) + 1


def _images(writing: _Writing, parts: Sequence[Places]) -> Pixels:
    """Each part as the network reads it, (n, 28, 28) uint8."""
    images = np.zeros((len(parts), SIDE, SIDE), np.uint8)
    for image, part in zip(images, parts, strict=True):
        y, x = writing.y[part] - writing.y[part].min(), writing.x[part] - writing.x[part].min()
        ink = np.zeros((y.max() + 1, x.max() + 1), np.uint8)
        ink[y, x] = writing.grey[part]
        image[:] = _to_image(ink)
    return images


def _to_image(ink: Pixels) -> Pixels:
    image = preprocess(ink).image
    if image is None:
        raise InkError("Expected a piece with ink. Received: one without. Leave out what has no ink.")
    return image


# From a row to a better one.


def _stretches(writing: _Writing, row: Sequence[_Part]) -> list[list[_Part]]:
    """The row in pieces between neighbours that are both plain, or too far apart to be one digit."""
    stretches: list[list[_Part]] = []
    for before, part in zip([None, *row], row, strict=False):
        if before is not None and not (before.is_plain and part.is_plain):
            gap = writing.x[part.places].min() - writing.x[before.places].max() - 1
            if gap <= LINKED * writing.height:
                stretches[-1].append(part)
                continue
        stretches.append([part])
    return stretches


def _improve(writing: _Writing, stretch: list[_Part], cutter: Cutter, read: Read) -> list[_Part]:
    """Cut what is not plain, and put a stretch together anew as it reads best."""
    if all(part.is_plain for part in stretch):
        return stretch
    places = np.concatenate([part.places for part in stretch])
    is_left, crossed, is_border = _cuts(writing, stretch, cutter)
    if is_border.all() and len(stretch) == 1:
        return stretch
    edges = _edges(writing, places, is_left, is_border)
    scores = _scores(writing, [places[is_left[b] & ~is_left[a]] for a, b in edges], read)
    path = _best_path(edges, scores - CROSSED * crossed[[b for _, b in edges]], len(is_left))
    number = (~is_left[path[1:]]).sum(axis=0)
    parts = [places[number == k] for k in range(len(path) - 1)]
    return _judge(writing, [part for part in parts if len(part)], read)


def _cuts(writing: _Writing, stretch: list[_Part], cutter: Cutter) -> tuple[Bools, NDArray[np.float64], Bools]:
    """All cuts of a stretch that differ, from one left of it all to one right of it all.

    Returns
    -------
    (k, n) which pixels lie left of each; (k,) what each crosses; (k,) whether it is a border of the stretch's parts.
    """
    ends = np.cumsum([0] + [len(part.places) for part in stretch])
    place = np.arange(ends[-1])
    rows, crossed = [place < end for end in ends], [0.0] * len(ends)
    for part, start, end in zip(stretch, ends[:-1], ends[1:], strict=True):
        for cut in [] if part.is_plain else cutter(writing, part.places):
            is_left = place < start
            is_left[start:end] = cut.is_left
            rows.append(is_left)
            crossed.append(cut.crossed)
    is_left, costs = np.array(rows), np.array(crossed)
    order = np.concatenate([np.arange(len(ends)), len(ends) + np.argsort(costs[len(ends) :], kind="stable")])
    common = _common(is_left[order])
    differ = common.diagonal()[:, None] + common.diagonal() - 2 * common
    kept = list(range(len(ends)))
    for k in range(len(ends), len(order)):
        if len(kept) < len(ends) + MOST and differ[k, kept].min() > SAME * writing.pen * writing.height:
            kept.append(k)
    chosen = order[kept]
    chosen = chosen[np.argsort(is_left[chosen].sum(axis=1), kind="stable")]
    return is_left[chosen], costs[chosen], chosen < len(ends)


def _common(is_left: Bools) -> NDArray[np.float32]:
    """How many pixels each two cuts both have on their left, (k, k)."""
    counted = is_left.astype(np.float32)
    return counted @ counted.T


def _edges(writing: _Writing, places: Places, is_left: Bools, is_border: Bools) -> list[tuple[int, int]]:
    """Which two cuts, from left to right, have a piece between them that may be a digit, or was a part before."""
    high = _extents(is_left, writing.y[places])
    wide = _extents(is_left, writing.x[places])
    common = _common(is_left)
    turned, area = common.diagonal()[:, None] - common, common.diagonal() - common
    may_be = (turned <= TURNED * writing.pen**2) & (area >= LEAST * writing.pen * writing.height)
    may_be &= (high >= LOWEST * writing.height) & (wide <= WIDEST * writing.height)
    for before, after in pairwise(np.flatnonzero(is_border)):
        may_be[before, after] = True
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(may_be, 1))]


def _extents(is_left: Bools, positions: Places) -> NDArray[np.intp]:
    """How far the pixels between each two cuts reach along one axis, (k, k)."""
    positions = positions - positions.min()
    counts = np.array([np.bincount(positions[mine], minlength=positions.max() + 1) for mine in is_left])
    is_there = counts[None] > counts[:, None]
    return np.where(
        is_there.any(axis=2), is_there.shape[2] - is_there[..., ::-1].argmax(axis=2) - is_there.argmax(axis=2), 0
    )


def _scores(writing: _Writing, pieces: Sequence[Places], read: Read) -> NDArray[np.float64]:
    """How much each piece is a digit: logarithms, the higher the better."""
    answers = read(_images(writing, pieces)).max(axis=1)
    # Ten answers of 0.1 say that it is none.
    is_digit = np.log(np.maximum((answers - 0.1) / 0.9, 0) + FLOOR)
    shapes = np.array([(_size(writing, piece)[0], _widest_gap(writing.x[piece])) for piece in pieces]) / writing.height
    return READ * is_digit - LOW * np.maximum(LOW_BELOW - shapes[:, 0], 0) - GAP * shapes[:, 1]


def _widest_gap(x: Places) -> int:
    """The longest run of columns without ink between some with."""
    return int(np.diff(np.flatnonzero(np.bincount(x - x.min()))).max(initial=1)) - 1


def _best_path(edges: Sequence[tuple[int, int]], scores: NDArray[np.float64], count: int) -> list[int]:
    """The cuts on the way from the first to the last whose pieces' scores sum to the most."""
    best, before = [0.0] + [-np.inf] * (count - 1), [0] * count
    for (a, b), score in zip(edges, scores, strict=True):  # in the order of a, so that best[a] is final
        if best[a] + score > best[b]:
            best[b], before[b] = best[a] + score, a
    path = [count - 1]
    while path[-1]:
        path.append(before[path[-1]])
    return path[::-1]


# Where to cut.


def _between_components(writing: _Writing, places: Places) -> list[_Cut]:
    return _between(writing, places, writing.component[places])


def _between_strokes(writing: _Writing, places: Places, paths: Sequence[NDArray[np.float64]]) -> list[_Cut]:
    """Ink goes with the nearest stroke."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  a number without strokes needs none

    points = [_every_pixel(path) for path in paths]
    owner = np.repeat(np.arange(len(points)), [len(some) for some in points])
    ink = np.stack([writing.x[places], writing.y[places]], axis=1) + 0.5
    return _between(writing, places, owner[cKDTree(np.concatenate(points)).query(ink)[1]])


def _every_pixel(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points no more than a pixel apart along a path."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0, along[-1], int(along[-1]) + 2)
    return np.stack([np.interp(at, along, path[:, axis]) for axis in (0, 1)], axis=1)


def _between(writing: _Writing, places: Places, owner: Places) -> list[_Cut]:
    """Cuts between owners, in the order of their centres."""
    owners = np.unique(owner)
    centres = [writing.x[places[owner == one]].mean() for one in owners]
    ordered = owners[np.argsort(centres, kind="stable")]
    return [_Cut(np.isin(owner, ordered[:k])) for k in range(1, len(ordered))]


def _along_seams(writing: _Writing, places: Places) -> list[_Cut]:
    """Cuts along the paths from top to bottom that cross least ink, none near another that crosses less."""
    y, x = writing.y[places], writing.x[places]
    y, x = y - y.min(), x - x.min() + 1
    ink = np.zeros((y.max() + 1, x.max() + 2), np.float32)  # a column of paper on either side
    ink[y, x] = writing.grey[places] / writing.grey[places].max()
    seams = _seams(ink, DEAREST * writing.pen, SPREAD * writing.height)
    crossed = np.take_along_axis(ink, seams.T, axis=1).sum(axis=0) / writing.pen
    return [_Cut(x < seam[y], float(cost)) for seam, cost in zip(seams, crossed, strict=True)]


def _seams(ink: NDArray[np.float32], dearest: float, spread: float) -> Places:
    """The column of each seam in each row, (k, h)."""
    height, width = ink.shape
    (down, from_above), (up, from_below) = _cheapest(ink), _cheapest(ink[::-1])
    price = down + up[::-1] - ink  # of the cheapest seam through each pixel
    rows = np.unique(np.linspace(0, height - 1, 5).astype(int))
    columns = np.arange(0, width, max(1, int(spread / 3)))
    start_y, start_x = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    cheap = price[start_y, start_x] <= dearest
    start_y, start_x = start_y[cheap], start_x[cheap]
    seams = _follow(from_above, start_y, start_x)
    below = _follow(from_below, height - 1 - start_y, start_x)[:, ::-1]
    seams = np.where(np.arange(height) <= start_y[:, None], seams, below)
    kept: list[int] = []
    left = np.argsort(price[start_y, start_x], kind="stable")
    while len(left) and len(kept) < MOST:
        kept.append(int(left[0]))
        left = left[np.abs(seams[left] - seams[left[0]]).mean(axis=1) >= max(spread, 1)]
    return seams[kept]


def _cheapest(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """What the cheapest path from the top row to each pixel crosses, and the step (-1, 0, 1) to the pixel before it."""
    price, steps = ink.copy(), np.zeros(ink.shape, np.int8)
    beside = np.full(1, np.inf, np.float32)
    for row in range(1, len(ink)):
        above = price[row - 1]
        left, right = np.concatenate([beside, above[:-1]]), np.concatenate([above[1:], beside])
        aside = np.minimum(left, right) + np.float32(SIDEWAYS)
        steps[row] = np.where(aside < above, np.where(left <= right, -1, 1), 0)
        price[row] += np.minimum(above, aside)
    return price, steps


def _follow(steps: NDArray[np.int8], start_y: Places, start_x: Places) -> Places:
    """The paths back up from each start, (k, h); below its start a path stays in its column."""
    paths = np.empty((len(start_y), len(steps)), np.intp)
    x = start_x.copy()
    for row in range(len(steps) - 1, -1, -1):
        paths[:, row] = x
        x = x + np.where(row <= start_y, steps[row, x], 0)
    return paths


# From parts to all of the ink.


def _cut_out(ink: Pixels, writing: _Writing, parts: Sequence[Places], corner: tuple[int, int]) -> list[Piece]:
    """The pieces of tight ink that lie under parts of its reduced picture; `corner` is its left and top."""
    owner = np.zeros(writing.shape, np.intp)
    for number, part in enumerate(parts, 1):
        owner[writing.y[part], writing.x[part]] = number
    owner = owner.repeat(writing.factor, axis=0).repeat(writing.factor, axis=1)[: ink.shape[0], : ink.shape[1]]
    pieces = []
    for number, box in enumerate(ndimage.find_objects(owner), 1):
        own = np.where(owner[box] == number, ink[box], 0)
        top, bottom, left, right = find_box(own) or (0, 0, 0, 0)
        start = corner[0] + box[1].start + left, corner[1] + box[0].start + top
        pieces.append(Piece(*start, own[top:bottom, left:right]))
    return pieces


def _read_pieces(pieces: Sequence[Piece], read: Read) -> tuple[FoundDigit, ...]:
    """Read pieces from all of their ink, in order of the middles of their boxes."""
    ordered = sorted(pieces, key=lambda piece: piece.left + piece.right)
    images = np.array([_to_image(piece.ink) for piece in ordered])
    answers = read(images)
    return tuple(
        FoundDigit(piece.left, piece.top, piece.ink, image, answer)
        for piece, image, answer in zip(ordered, images, answers, strict=True)
    )
