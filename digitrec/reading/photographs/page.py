"""Photographs and scans of handwritten digits: a picture of a page to every digit on it.

picture -> greys -> contrast (`contrast`) -> ink without ruling (`ruling`) -> candidate digits
        (`candidates`) -> rows (`reading_order`) -> `Page` -> 28 x 28 each -> probabilities
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.image_files import decode_grey
from digitrec.ink.preprocessing import SIDE, find_box, preprocess
from digitrec.ink.types import Box, Predict
from digitrec.reading.numbers.segmentation import Piece as Part
from digitrec.reading.photographs.candidates import MARGIN, Candidate, cut_candidate, find_candidates
from digitrec.reading.photographs.contrast import find_strokes, measure_contrast
from digitrec.reading.photographs.reading_order import order
from digitrec.reading.photographs.ruling import remove_ruling
from digitrec.storage import StrPath

WORKING_SIDE = 2000  # pixels; a digit 3 mm high on an A4 page then has 20, as many as the network reads

TakeApart = Callable[[NDArray[np.uint8]], Sequence[Part]]


@dataclass(frozen=True, eq=False)
class PageDigit:
    """A digit on a page, or several that touch.

    Attributes
    ----------
    box : in pixels of the upright picture.
    row : its row, from 0 at the top.
    ink : (h, w) uint8, ink 255 on 0, its own ink with a margin, at the scale of the decoded picture.
    is_wide : whether it is much wider than high, so that it may be several digits that touch.
    """

    box: Box
    row: int
    ink: NDArray[np.uint8]
    is_wide: bool


@dataclass(frozen=True)
class LeftOut:
    """Ink that is not a digit: its box in pixels of the picture, and the reason in a few words."""

    box: Box
    reason: str


@dataclass(frozen=True, eq=False)
class Page:
    """A page and its digits.

    Attributes
    ----------
    size : height and width of the upright picture, in its own pixels.
    digits : in reading order: rows from top to bottom, each from left to right.
    left_out : ink that is not a digit, from top to bottom.
    uncounted : number of further pieces of ink, too small or too many to be listed.
    ink : (h, w) uint8, ink 255 on 0: the page without paper, shadows and ruling; its longer side at most 2000 pixels.
    """

    size: tuple[int, int]
    digits: tuple[PageDigit, ...]
    left_out: tuple[LeftOut, ...]
    uncounted: int
    ink: NDArray[np.uint8]

    @property
    def summary(self) -> str:
        """The numbers of digits found and of pieces left out, in a sentence or two."""
        n, rows = len(self.digits), len({one.row for one in self.digits})
        reasons = Counter(one.reason for one in self.left_out)
        if n:
            text = f"{_count(n, 'digit')} in {_count(rows, 'row')}."
        elif self.left_out:
            text = "No digit was found."
        else:
            text = "No ink was found."
        if reasons:
            text += " Left out: " + ", ".join(f"{count:,} ({reason})" for reason, count in reasons.most_common()) + "."
        return text


@dataclass(frozen=True, eq=False)
class PageReading:
    """The reading of a page.

    Attributes
    ----------
    page : with n digits, as `find_digits` gives it.
    images : (n, 28, 28) uint8, the input of the network.
    probabilities : (n, 10) float32.
    """

    page: Page
    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


def find_digits(picture: StrPath | bytes | NDArray[np.uint8]) -> Page:
    """Find every handwritten digit in a picture of a page.

    The page may be plain, ruled or squared, tilted by some 15 degrees, in uneven light, dark on light or light on dark.

    Parameters
    ----------
    picture : a picture file, its bytes, or (H, W), (H, W, 3) RGB or (H, W, 4) RGBA uint8.

    Raises
    ------
    PictureError, if it is missing, too large, damaged or not a picture.
    """
    grey, size = decode_grey(picture, WORKING_SIDE)
    contrast = measure_contrast(grey)
    strokes, ruled = remove_ruling(find_strokes(contrast), contrast)
    contrast[ruled] = 0
    found = find_candidates(strokes, contrast)
    scale = (size[0] / grey.shape[0], size[1] / grey.shape[1])
    ink = np.zeros(grey.shape, np.uint8)
    digits = tuple(
        PageDigit(_scaled(piece.box, scale, size), row, _cut_onto(ink, piece, found.labels, contrast), piece.is_wide)
        for piece, row in order(found.digits)
    )
    left_out = tuple(LeftOut(_scaled(piece.box, scale, size), piece.reason) for piece in found.left_out)
    return Page(size, digits, left_out, found.uncounted, ink)


def read_sheet(
    picture: StrPath | bytes | NDArray[np.uint8], predict_proba: Predict, take_apart: TakeApart | None = None
) -> PageReading:
    """Find every digit in a picture as `find_digits` does, and read them in one batch.

    Parameters
    ----------
    predict_proba : (n, 28, 28) uint8, ink 255 on 0 -> (n, 10) probabilities, as `Classifier.predict_proba` does. It is
        not called if no digit is found.
    take_apart : splits ink that is too wide for one digit: (h, w) uint8, ink 255 on 0 -> its digits, left to right,
        with their positions in it. None leaves it whole.

    Raises
    ------
    PictureError, as `find_digits`.
    """
    page = find_digits(picture)
    if take_apart is not None:
        apart = [part for digit in page.digits for part in _take_apart(digit, take_apart)]
        page = replace(page, digits=tuple(apart))
    images = np.array([preprocess(digit.ink).image for digit in page.digits], np.uint8).reshape(-1, SIDE, SIDE)
    probabilities = predict_proba(images) if len(images) else np.empty((0, 10), np.float32)
    return PageReading(page, images, probabilities)


def _take_apart(digit: PageDigit, take_apart: TakeApart) -> list[PageDigit]:
    """The digits in a piece that is too wide for one; the piece itself if it is not, or has only one."""
    box = find_box(digit.ink)
    parts = take_apart(digit.ink) if digit.is_wide and box is not None else ()
    if box is None or len(parts) < 2:
        return [digit]
    down, across = digit.box.height / box.height, digit.box.width / box.width

    def on_picture(part: Part) -> Box:
        left, right = (round(digit.box.left + (x - box.left) * across) for x in (part.left, part.right))
        top, bottom = (round(digit.box.top + (y - box.top) * down) for y in (part.top, part.bottom))
        return Box(left, top, right, bottom)

    return [PageDigit(on_picture(part), digit.row, np.pad(part.ink, MARGIN), is_wide=False) for part in parts]


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + "s" * (n != 1)


def _scaled(box: Box, scale: tuple[float, float], size: tuple[int, int]) -> Box:
    """A box scaled to pixels of the picture, rounded outwards."""
    (left, top, right, bottom), (down, across) = box, scale
    right, bottom = min(int(np.ceil(right * across)), size[1]), min(int(np.ceil(bottom * down)), size[0])
    return Box(int(left * across), int(top * down), right, bottom)


def _cut_onto(
    whole: NDArray[np.uint8], piece: Candidate, labels: NDArray[np.int32], contrast: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The ink of one piece, which is also drawn onto the ink of the whole page."""
    ink = cut_candidate(piece, labels, contrast)
    top, left = max(piece.box.top - MARGIN, 0), max(piece.box.left - MARGIN, 0)
    place = whole[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(place, ink, out=place)
    return ink
