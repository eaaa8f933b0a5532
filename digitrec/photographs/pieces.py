"""Strokes on a page to pieces of ink that each may be a digit, and to what is none.

strokes -> connected components -> the usual height of writing -> parts of one digit joined -> digits, left out

Every rule is in terms of the usual height, so it does not matter how far the page was from the camera.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.photographs.contrast import Picture

Boxes = NDArray[np.intp]  # (n, 4): top, bottom, left, right

SPECK = 5  # pixels; what is no longer is not listed
MOST = 2000  # pieces that are looked at as they are; of more than that
LARGEST = 500  # are looked at
MARGIN = 3  # pixels around a piece, for the soft edge of its ink
# The rest are shares of the usual height.
DUST = 0.3
PART = 0.65  # what is smaller may be a part of a digit
NEAR = 0.2  # from its digit
TALLEST_WHOLE = 1.35  # after parts were joined
WIDEST_WHOLE = 1.25
TOO_LARGE = 3.0
WIDE = 1.2  # times as wide as high: digits that touch
FLAT = 3.0  # times as wide as high, and thin: a dash
SOLID = 0.85  # of its box is ink: a blot


@dataclass(frozen=True)
class Piece:
    """One piece of ink.

    Attributes
    ----------
    box : top, bottom, left, right in pixels of the page, bottom and right excluded.
    numbers : of the connected components that it is made of.
    is_wide : it is much wider than high.
    reason : why it is no digit, in a few words; empty where it may be one.
    """

    box: tuple[int, int, int, int]
    numbers: tuple[int, ...]
    is_wide: bool = False
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Pieces:
    """What stands on a page.

    Attributes
    ----------
    labels : (H, W) int32, the number of the connected component at each pixel, 0 on paper.
    digits : pieces that may be digits, from top to bottom.
    left_out : pieces that are none, from top to bottom.
    uncounted : how many more components there are.
    """

    labels: NDArray[np.int32]
    digits: tuple[Piece, ...]
    left_out: tuple[Piece, ...]
    uncounted: int


def find_pieces(strokes: NDArray[np.bool_]) -> Pieces:
    """Group an (H, W) mask of strokes into pieces that may be digits and pieces that are none."""
    labels, count = ndimage.label(strokes, np.ones((3, 3)))
    boxes = np.array([_to_box(place) for place in ndimage.find_objects(labels)], np.intp).reshape(-1, 4)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    looked_at = _choose(boxes)
    usual = usual_height(boxes[looked_at], strokes.shape)
    groups = join_parts(boxes[looked_at], usual)
    pieces = [_to_piece(looked_at[group], boxes, areas, usual, strokes.shape) for group in groups]
    pieces.sort(key=lambda piece: piece.box)
    if all(piece.reason for piece in pieces):  # a picture cut close around one digit
        pieces = [replace(piece, reason="") if piece.reason == AT_BORDER else piece for piece in pieces]
    digits = tuple(piece for piece in pieces if not piece.reason)
    left_out = tuple(piece for piece in pieces if piece.reason)
    return Pieces(labels, digits, left_out, count - len(looked_at))


def usual_height(boxes: Boxes, page: tuple[int, int]) -> float:
    """The height of the writing on a page: the median of the longer sides, each counted as often as it is long.

    Dust is many but short, a border long but one. What spans most of the page is not counted where there is other ink.
    """
    sides = np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])
    sides = np.sort(sides[sides < 0.6 * max(page)] if (sides < 0.6 * max(page)).any() else sides)
    if not len(sides):
        return 1.0
    return float(sides[np.searchsorted(np.cumsum(sides), sides.sum() / 2)])


def join_parts(boxes: Boxes, usual: float) -> list[NDArray[np.intp]]:
    """Put the parts of one digit together, such as the bar of a 5: lists of places in `boxes`.

    A part goes to the nearest larger piece, if it is near and both together are no larger than a digit. Two pieces
    that are digits by their size stay apart.
    """
    sizes = np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])
    joined: list[list[int]] = []
    around = np.empty((0, 4), np.intp)
    for place in np.argsort(-sizes, kind="stable"):
        home = _nearest(boxes[place], around, usual) if DUST * usual <= sizes[place] < PART * usual else None
        if home is None:
            joined.append([place])
            around = np.vstack([around, boxes[place]])
        else:
            joined[home].append(place)
            around[home] = _union(boxes[place], around[home])
    return [np.array(group) for group in joined]
