"""Numbers composed of single labelled digits, for training, evaluation and display.

writers (pen digits or images) -> ink of a digit -> `compose` -> `Number`: ink, text, boxes, strokes

All digits of a number are by one writer. They have a common height, slant and pen, with small deviations, stand on a
baseline, and keep a distance to the previous digit that is measured along rows of pixels, as a writer sees it: a 7 may
reach over a 4 without touching it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from digitrec.datasets.dataset import Split
from digitrec.datasets.sources.pen import PenDigit
from digitrec.errors import InkError
from digitrec.ink.drawings import CANVAS, WIDE, Drawing, Stroke, place_strokes, render
from digitrec.ink.preprocessing import find_box
from digitrec.ink.types import Box

WIDTH, HEIGHT = WIDE, CANVAS  # pixels, size of the canvas for numbers
MARGIN = 6  # pixels that stay empty at each side
LONGEST = 8  # digits
WIDEST = 1.3  # maximum width of a digit, in heights of the number
INKED = 64  # of 255; fainter pixels are the edge of a stroke
EDGE = 2.0  # pixels, width of the transition from paper to ink in an enlarged image
SMEAR = 10  # of 255, interpolation noise around the ink of an enlarged image
THIN_AT, THICKER = 0.75, 4.0  # threshold of an image's ink, of 1, and its decrease per height of pen width


@dataclass(frozen=True)
class Settings:
    """How numbers are written. Each pair is a range from which values are drawn uniformly.

    Attributes
    ----------
    length : number of digits.
    gap : distance of neighbours along the nearest row, in heights; below 0 they overlap.
    height : in canvas pixels; reduced if a long number would not fit.
    pen : width of the pen in heights; images keep their own, made slightly thinner or thicker.
    slant : standard deviation of the number's slant, in pixels sideways per pixel up; each digit deviates by a third.
    size : standard deviation of a digit's height, in heights.
    baseline : standard deviation of a digit's vertical position, in heights.
    turn : standard deviation of a digit's rotation, in degrees.
    stretch : standard deviation of a digit's horizontal scale.
    """

    length: tuple[int, int] = (2, 6)
    gap: tuple[float, float] = (0.1, 0.6)
    height: tuple[float, float] = (80, 200)
    pen: tuple[float, float] = (0.06, 0.14)
    slant: float = 0.12
    size: float = 0.06
    baseline: float = 0.04
    turn: float = 0.0
    stretch: float = 0.0


SPACED = Settings()


@dataclass(frozen=True, eq=False)
class Glyph:
    """A drawn digit: its ink, (h, w) uint8, cropped, and its strokes, if any, relative to the corner of the ink."""

    ink: NDArray[np.uint8]
    strokes: tuple[Stroke, ...] = ()


@dataclass(frozen=True)
class Look:
    """How a digit is drawn: `height` in pixels, `pen` in heights, `slant` in pixels sideways per pixel up.

    It is rotated clockwise by `turn` radians, and scaled horizontally by `wider`.
    """

    height: float
    pen: float
    slant: float
    turn: float = 0.0
    wider: float = 1.0

    @property
    def change(self) -> NDArray[np.float64]:
        """The (2, 2) matrix that transforms a point (x, y), y down, from the left."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        turn = np.array([[cos, -sin], [sin, cos]])
        return np.array([[1, -self.slant], [0, 1]]) @ turn @ np.diag([self.wider, 1])


@dataclass(frozen=True, eq=False)
class Number:
    """A composed number.

    Attributes
    ----------
    ink : (280, 840) uint8, ink 255 on 0.
    text : its digits, left to right.
    boxes : the box of each digit.
    glyphs : (h, w) uint8, the ink of each digit in its box.
    drawing : the strokes in drawing order; empty if the digits come from images.
    """

    ink: NDArray[np.uint8]
    text: str
    boxes: tuple[Box, ...]
    glyphs: tuple[NDArray[np.uint8], ...]
    drawing: Drawing

    def crop(self, edge: int) -> NDArray[np.uint8]:
        """The ink with at most `edge` pixels of paper around it, (h, w) uint8."""
        left, top, *_ = np.min(self.boxes, axis=0)
        *_, right, bottom = np.max(self.boxes, axis=0)
        return self.ink[max(0, top - edge) : bottom + edge, max(0, left - edge) : right + edge]

    @property
    def strokes(self) -> list[NDArray[np.float32]]:
        """The strokes, (k, 2) float32 each, in canvas pixels; none if the digits come from images."""
        return [stroke.points for stroke in self.drawing.strokes]


class PenWriter:
    """Draws the pen digits of one writer."""

    def __init__(self, digits: Sequence[PenDigit]) -> None:
        """Take the digits of one writer."""
        self._digits = {label: [d for d in digits if d.label == label] for label in {d.label for d in digits}}
        self.labels = tuple(sorted(self._digits))
        self.count = len(digits)

    def draw(self, label: int, look: Look, rng: np.random.Generator) -> Glyph:
        """Draw one of the writer's digits with that label, chosen at random."""
        known = self._digits[label]
        strokes = [stroke @ look.change.T for stroke in known[int(rng.integers(len(known)))].strokes]
        width = look.pen * look.height
        across, down = np.maximum(np.ptp(np.concatenate(strokes), axis=0), 1e-9)
        scale = min((look.height - width) / down, (WIDEST * look.height - width) / across)
        drawing = place_strokes(strokes, width, scale * max(across, down), (CANVAS / 2, CANVAS / 2))
        ink = render(drawing, oversampling=2)
        box = find_box(ink) or Box.whole(ink.shape)
        return Glyph(ink[box.slices], _moved(drawing.strokes, -box.left, -box.top))


class ImageWriter:
    """Draws images of digits, by one writer or by all."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Take (n, 28, 28) uint8 images, ink 255 on 0, and their (n,) labels."""
        self._images = {int(label): images[labels == label] for label in np.unique(labels)}
        self.labels = tuple(sorted(self._images))
        self.count = len(labels)

    def draw(self, label: int, look: Look, rng: np.random.Generator) -> Glyph:
        """Draw one of the images with that label, chosen at random and enlarged to smooth ink.

        Raises
        ------
        InkError, if the image has no ink.
        """
        known = self._images[label]
        image = known[int(rng.integers(len(known)))]
        box = find_box(image)
        if box is None:
            raise InkError(f"Expected images with ink. Received: a blank image labelled {label}. Remove blank images.")
        tight = image[box.slices]
        scale = min(look.height / tight.shape[0], WIDEST * look.height / tight.shape[1])
        return Glyph(_tight(_enlarge(tight, scale, look)))


Writer = PenWriter | ImageWriter


def pen_writers(digits: Sequence[PenDigit]) -> tuple[PenWriter, ...]:
    """Make a writer for each writer of pen digits, sorted by number."""
    writers = sorted({digit.writer for digit in digits})
    return tuple(PenWriter([digit for digit in digits if digit.writer == writer]) for writer in writers)


def image_writers(split: Split) -> tuple[ImageWriter, ...]:
    """Make a writer for each writer of a split, sorted by number; a single one if writers are unknown."""
    if split.writers is None:
        return (ImageWriter(split.images, split.labels),)
    each = (split.writers == writer for writer in np.unique(split.writers))
    return tuple(ImageWriter(split.images[mine], split.labels[mine]) for mine in each)


def compose(writers: Sequence[Writer], count: int, settings: Settings = SPACED, seed: int = 0) -> Iterator[Number]:
    """Compose numbers, each by a random writer, with digits drawn uniformly from the writer's labels.

    Parameters
    ----------
    writers : at least one, from `pen_writers` or `image_writers`.
    count : number of numbers; a larger count starts with the same ones.
    seed : the same seed gives the same numbers.

    Raises
    ------
    InkError, if there is no writer, or the length in `settings` is not within 1 to 8 digits.
    """
    shortest, longest = settings.length
    if not writers or not 1 <= shortest <= longest <= LONGEST:
        raise InkError(
            f"Expected at least one writer and numbers of 1 to {LONGEST} digits. Received: {len(writers)} writers and "
            f"{shortest} to {longest} digits. Load digits first, and choose a length in between."
        )
    return (compose_one(writers, settings, np.random.default_rng((seed, index))) for index in range(count))


def compose_one(writers: Sequence[Writer], settings: Settings, rng: np.random.Generator) -> Number:
    """Compose one number as `compose` does, smaller if it would not fit."""
    writer = writers[int(rng.integers(len(writers)))]
    length = int(rng.integers(settings.length[0], settings.length[1], endpoint=True))
    labels = [int(label) for label in rng.choice(writer.labels, length)]
    height, dice = rng.uniform(*settings.height), int(rng.integers(2**32))
    while True:
        glyphs, corners = _lay_out(writer, labels, height, settings, np.random.default_rng(dice))
        across, down = _extent(glyphs, corners)
        fit = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN) / down)
        if fit >= 1:
            break
        height *= 0.97 * fit
    place_at = np.array(
        [rng.integers(MARGIN, room, endpoint=True) for room in (WIDTH - MARGIN - across, HEIGHT - MARGIN - down)]
    )
    return _write(glyphs, "".join(map(str, labels)), corners + place_at)


def _lay_out(
    writer: Writer, labels: Sequence[int], height: float, settings: Settings, rng: np.random.Generator
) -> tuple[list[Glyph], NDArray[np.intp]]:
    """Draw the digits side by side: glyphs, and the x and y of their corners, (n, 2), with minimum 0."""
    pen, slant = rng.uniform(*settings.pen), rng.normal(0, settings.slant)
    glyphs, corners = [], []
    reach = np.full(4 * HEIGHT, -np.inf)  # right end of the ink in each row; the baseline is in the middle
    for label in labels:
        own = height * np.clip(rng.normal(1, settings.size), 0.7, 1.3)
        look = Look(own, pen, slant + rng.normal(0, settings.slant / 3))
        if settings.turn or settings.stretch:
            wider = float(np.clip(rng.normal(1, settings.stretch), 0.7, 1.4))
            look = replace(look, turn=float(np.deg2rad(rng.normal(0, settings.turn))), wider=wider)
        glyph = writer.draw(label, look, rng)
        foot = 2 * HEIGHT + round(height * rng.normal(0, settings.baseline))
        top = foot - len(glyph.ink)
        left = _nearest_left(glyph.ink, reach, top, height * rng.uniform(*settings.gap))
        glyphs.append(glyph)
        corners.append((left, top))
        rows = slice(top, foot)
        reach[rows] = np.maximum(reach[rows], left + _last_column(glyph.ink))
    return glyphs, np.array(corners) - np.min(corners, axis=0)


def _nearest_left(ink: NDArray[np.uint8], reach: NDArray[np.float64], top: int, gap: float) -> int:
    """The left edge at which the smallest distance in any row, or in rows up to a gap above or below, is `gap`."""
    around = 2 * max(0, round(gap)) + 1
    before = ndimage.maximum_filter1d(reach, around)[top : top + len(ink)]
    is_inked = ink >= INKED
    first = np.where(is_inked.any(axis=1), is_inked.argmax(axis=1), np.inf)
    needed = float((before + gap - first).max())
    return round(needed) if np.isfinite(needed) else 0


def _last_column(ink: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The column to the right of the last ink in each row; minus infinity for a row without ink."""
    is_inked = ink >= INKED
    return np.where(is_inked.any(axis=1), ink.shape[1] - is_inked[:, ::-1].argmax(axis=1), -np.inf)


def _extent(glyphs: Sequence[Glyph], corners: NDArray[np.intp]) -> NDArray[np.intp]:
    """Width and height of all glyphs together."""
    return np.max([corner + glyph.ink.shape[::-1] for glyph, corner in zip(glyphs, corners, strict=True)], axis=0)


def _write(glyphs: Sequence[Glyph], text: str, corners: NDArray[np.intp]) -> Number:
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    boxes: list[Box] = []
    strokes: list[Stroke] = []
    for glyph, (left, top) in zip(glyphs, corners.tolist(), strict=True):
        boxes.append(Box(left, top, left + glyph.ink.shape[1], top + glyph.ink.shape[0]))
        part = ink[boxes[-1].slices]
        np.maximum(part, glyph.ink, out=part)
        strokes += _moved(glyph.strokes, left, top)
    drawing = Drawing(tuple(strokes), width=WIDTH)
    return Number(ink, text, tuple(boxes), tuple(glyph.ink for glyph in glyphs), drawing)


def _moved(strokes: Sequence[Stroke], right: int, down: int) -> tuple[Stroke, ...]:
    step = np.array([right, down], np.float32)
    return tuple(replace(stroke, points=stroke.points + step) for stroke in strokes)


def _enlarge(image: NDArray[np.uint8], scale: float, look: Look) -> NDArray[np.uint8]:
    """Enlarge and transform the cropped ink of an image so that its edges are as sharp as a pen's."""
    height, width = image.shape
    change = scale * look.change
    # The image is padded by two pixels, one of which stays in view.
    corners = np.array([(x, y) for x in (1, width + 3) for y in (1, height + 3)]) @ change.T
    back = np.linalg.inv(change)
    offset = back @ corners.min(axis=0)
    matrix = (*back[0], offset[0], *back[1], offset[1])
    across, down = np.ptp(corners, axis=0)
    size = int(across), int(down)
    grey = Image.fromarray(np.pad(image, 2)).transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    steep = max(scale / EDGE, 1)
    level = max(255 * (THIN_AT - THICKER * look.pen), 127.5 / steep + SMEAR)  # otherwise paper would become grey
    ink = (np.asarray(grey, np.float32) - level) * steep + 127.5
    return np.clip(np.rint(ink), 0, 255).astype(np.uint8)


def _tight(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return ink[(find_box(ink) or Box.whole(ink.shape)).slices]
