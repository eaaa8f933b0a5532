"""Candidate digits on a page: strokes grouped into pieces of ink, and pieces that are not digits left out.

strokes -> connected components -> usual height of the writing -> parts of one digit joined -> digits, left out

All rules are in usual heights, so they do not depend on the distance of the camera.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.ink.types import Box
from digitrec.reading.photographs.contrast import Picture

Boxes = NDArray[np.intp]  # (n, 4), the sides in the order of `Box`
Shape = tuple[int, int]

SPECK = 5  # pixels; components no longer than this are not listed
MOST = 2000  # components; if there are more,
LARGEST = 500  # only the largest ones are examined
MARGIN = 3  # pixels around a piece, for the soft edge of its ink
ALIKE = 1.4  # ratio of heights up to which two are similar
EDGE = 0.15  # of a piece's strongest contrast; less is paper
PALE = 0.45  # of the usual contrast; less is a shadow, show-through, or the grain of a table
DARK = 0.8  # quantile of the ink that is the usual contrast: a table may have more grain than the page has ink
WIDE = 1.2  # ratio of width to height from which digits probably touch
HIGHER = 1.5  # minimum ratio of the height of a digit to that of a part at its side
FLAT = 3.0  # ratio of width to height of a dash, if it is also smaller than a digit
THIN = 0.04  # of the square of its length: the area of a line, if it is also longer than a digit
FILLED = 0.6  # of the height and width of the picture, covered by a piece that was cropped closely
SOLID = 0.85  # of its box: the area of a blot, unless it is slender
# The rest are in usual heights.
DUST = 0.15  # smaller components are not parts of a digit
SMALLEST = 0.4  # minimum size of a digit
PART = 0.65  # lower components may be parts of a digit
NEAR = 0.25  # maximum distance of a part from its digit
TALLEST_JOINED = 1.35  # maximum height of a digit with its parts
WIDEST_JOINED = 1.4  # maximum width of a digit with its parts
LONG = 2.0  # minimum length of a line
TOO_LARGE = 3.0  # maximum height of a digit
LONGEST = 10.0  # maximum width of digits that touch

AT_BORDER = "touches the border"


@dataclass(frozen=True)
class Candidate:
    """A piece of ink that may be a digit.

    Attributes
    ----------
    box : in pixels of the page.
    numbers : numbers of its connected components.
    area : number of its pixels.
    contrast : their mean contrast, 0 to 1.
    reason : why it is not a digit, in a few words; empty if it may be one.
    """

    box: Box
    numbers: tuple[int, ...]
    area: int
    contrast: float
    reason: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether it is much wider than high."""
        return self.box.width > WIDE * self.box.height


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of strokes.

    Attributes
    ----------
    boxes : (n, 4) intp: left, top, right, bottom.
    areas : (n,) intp, number of pixels.
    amounts : (n,) float64, sum of their contrast.
    page : height and width.
    """

    boxes: Boxes
    areas: NDArray[np.intp]
    amounts: NDArray[np.float64]
    page: Shape


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of ink on a page.

    Attributes
    ----------
    labels : (H, W) int32, number of the connected component at each pixel, 0 on paper.
    digits : pieces that may be digits, from top to bottom.
    left_out : pieces that are not digits, from top to bottom.
    uncounted : number of components that were not examined.
    """

    labels: NDArray[np.int32]
    digits: tuple[Candidate, ...]
    left_out: tuple[Candidate, ...]
    uncounted: int


def find_candidates(strokes: NDArray[np.bool_], contrast: Picture) -> Pieces:
    """Group strokes into pieces that may be digits and pieces that are not.

    Parameters
    ----------
    strokes, contrast : (H, W) bool and float32, as `digitrec.reading.photographs.contrast` gives them.
    """
    labels, count = ndimage.label(strokes, np.ones((3, 3)))
    numbers = labels[strokes]
    components = Components(
        np.array([_to_box(place) for place in ndimage.find_objects(labels)], np.intp).reshape(-1, 4),
        np.bincount(numbers, minlength=count + 1)[1:],
        np.bincount(numbers, contrast[strokes], minlength=count + 1)[1:].astype(np.float64),
        strokes.shape,
    )
    chosen = _choose(components.boxes)
    usual = usual_height(components, chosen)
    groups = join_parts(components.boxes[chosen], usual)
    pieces = [_to_piece(components, chosen[group], usual) for group in groups]
    if all(piece.reason for piece in pieces):
        pieces = [replace(piece, reason="") if _fills(piece, strokes.shape) else piece for piece in pieces]
    pieces = sorted(_leave_out_pale(pieces), key=_from_the_top)
    digits = tuple(piece for piece in pieces if not piece.reason)
    left_out = tuple(piece for piece in pieces if piece.reason)
    return Pieces(labels, digits, left_out, count - len(chosen))


def usual_height(components: Components, chosen: NDArray[np.intp]) -> float:
    """The height of the writing in pixels: the size that most of the chosen ink has approximately; 1 without ink.

    Components that touch the border, are solid or are lines count only if there is nothing else: the edge of a table
    has more ink than all digits, and remains of ruling have more components.
    """
    if not len(chosen):
        return 1.0
    boxes, areas, amounts = components.boxes[chosen], components.areas[chosen], components.amounts[chosen]
    sides, sizes = boxes[:, 2:] - boxes[:, :2], _sizes(boxes)
    is_solid = areas >= SOLID * sides.prod(axis=1)
    is_line = (sizes >= FLAT**2 * sides.min(axis=1)) | (areas < THIN * sizes**2)
    is_plain = ~(_at_border(boxes, components.page) | is_solid | is_line)
    weights = amounts * is_plain if is_plain.any() else amounts
    logs = np.log(sizes)
    support = (np.abs(logs[:, None] - logs) < np.log(ALIKE)) @ weights
    return float(np.median(sizes[support == support.max()]))


def join_parts(boxes: Boxes, usual: float) -> list[NDArray[np.intp]]:
    """Join the parts of a digit, such as the bar of a 5.

    A part joins the nearest larger piece, if that is near and both together are no larger than a digit. Pieces as high
    as digits stay apart, and so do parts of similar height side by side.

    Parameters
    ----------
    boxes : (n, 4), boxes of components.
    usual : height of the writing, in pixels.

    Returns
    -------
    Indices into `boxes`, one array for each piece.
    """
    sizes, heights = _sizes(boxes), boxes[:, 3] - boxes[:, 1]
    is_part = (sizes >= DUST * usual) & (heights < PART * usual)
    groups: list[list[int]] = []
    around = np.empty((0, 4), np.intp)
    for place in np.argsort(-sizes, kind="stable").tolist():
        home = _nearest(boxes[place], around, usual) if is_part[place] else None
        if home is None:
            groups.append([place])
            around = np.vstack([around, boxes[place]])
        else:
            groups[home].append(place)
            around[home] = _union(np.stack([boxes[place], around[home]]))
    return [np.array(group) for group in groups]


def cut_candidate(piece: Candidate, labels: NDArray[np.int32], contrast: Picture) -> NDArray[np.uint8]:
    """The ink of one candidate with a margin, within the page: (h, w) uint8, ink 255 on 0, with soft edges."""
    left, top, right, bottom = piece.box
    place = np.s_[max(top - MARGIN, 0) : bottom + MARGIN, max(left - MARGIN, 0) : right + MARGIN]
    is_core = np.isin(labels[place], piece.numbers)
    is_near = ndimage.maximum_filter(is_core, 3)  # no other piece is this near, or they would be connected
    ink = contrast[place] / np.percentile(contrast[place][is_core], 75)
    return np.rint(255 * np.clip((ink - EDGE) / (1 - EDGE), 0, 1) * is_near).astype(np.uint8)


def _choose(boxes: Boxes) -> NDArray[np.intp]:
    """The indices of the boxes that are examined."""
    sizes = _sizes(boxes)
    places = np.flatnonzero(sizes > SPECK)
    return places if len(places) <= MOST else places[np.argsort(-sizes[places], kind="stable")[:LARGEST]]


def _to_piece(components: Components, places: NDArray[np.intp], usual: float) -> Candidate:
    boxes = components.boxes[places]
    box = Box(*_union(boxes).tolist())
    area = int(components.areas[places].sum())
    is_at_border = bool(_at_border(boxes, components.page).any())
    reason = AT_BORDER if is_at_border else _why_not(box.height / usual, box.width / usual, area / usual**2)
    contrast = float(components.amounts[places].sum()) / area
    return Candidate(box, tuple((places + 1).tolist()), area, contrast, reason)


def _why_not(height: float, width: float, area: float) -> str:
    """Why a piece of this size, in usual heights, is not a digit; empty if it may be one."""
    longer, shorter = max(height, width), min(height, width)
    if longer < SMALLEST:
        return "too small"
    if (width > FLAT * height and height < SMALLEST) or (longer > LONG and area < THIN * longer**2):
        return "a line"
    if height > TOO_LARGE or width > LONGEST:
        return "too large"
    if area > SOLID * height * width and longer < FLAT * shorter:
        return "a blot"
    return ""


def _leave_out_pale(pieces: list[Candidate]) -> list[Candidate]:
    """Leave out pieces that are much paler than the darker ones of the digits."""
    digits = sorted((piece for piece in pieces if not piece.reason), key=lambda piece: piece.contrast)
    if not digits:
        return pieces
    ink = np.cumsum([piece.area * piece.contrast for piece in digits])
    usual = digits[int(np.searchsorted(ink, DARK * ink[-1]))].contrast
    return [
        replace(piece, reason="too pale") if not piece.reason and piece.contrast < PALE * usual else piece
        for piece in pieces
    ]


def _fills(piece: Candidate, page: Shape) -> bool:
    """Whether a piece touches the border because the picture was cropped closely."""
    is_large = piece.box.height > FILLED * page[0] and piece.box.width > FILLED * page[1]
    return piece.reason == AT_BORDER and is_large


def _nearest(part: NDArray[np.intp], around: Boxes, usual: float) -> int | None:
    """The index of the box that a part belongs to: the nearest one with which it makes one digit."""
    lefts, tops = np.maximum(around, part)[:, :2].T
    rights, bottoms = np.minimum(around, part)[:, 2:].T
    gaps = np.maximum(np.maximum(tops - bottoms, lefts - rights), 0)
    first, last = np.minimum(around, part)[:, :2], np.maximum(around, part)[:, 2:]
    widths, heights = (last - first).T
    widest = np.maximum(WIDEST_JOINED * usual, 1.1 * (around[:, 2] - around[:, 0]))
    is_one = (heights < TALLEST_JOINED * usual) & (widths < widest)
    is_above = 2 * (rights - lefts) > part[2] - part[0]
    is_lower = HIGHER * (part[3] - part[1]) < around[:, 3] - around[:, 1]
    fits = is_one & (gaps < NEAR * usual) & (is_above | is_lower)
    return int(np.where(fits, gaps, np.inf).argmin()) if fits.any() else None


def _union(boxes: Boxes) -> NDArray[np.intp]:
    """The box around all."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _at_border(boxes: Boxes, page: Shape) -> NDArray[np.bool_]:
    return (boxes[:, :2] == 0).any(axis=1) | (boxes[:, 2:] == page[::-1]).any(axis=1)


def _sizes(boxes: Boxes) -> NDArray[np.intp]:
    """Their longer sides."""
    return (boxes[:, 2:] - boxes[:, :2]).max(axis=1)


def _to_box(place: tuple[slice, slice]) -> Box:
    rows, columns = place
    return Box(columns.start, rows.start, columns.stop, rows.stop)


def _from_the_top(piece: Candidate) -> tuple[int, ...]:
    left, top, right, bottom = piece.box
    return top, bottom, left, right
