"""Drawings as strokes, and the ink that they leave on a canvas.

strokes -> `Drawing` -> `render` -> ink

A drawing is plain data: it outlives its page, can be shared as a link, and can be drawn again on any canvas.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitrec.errors import DrawingError
from digitrec.ink.preprocessing import preprocess
from digitrec.ink.types import Strokes

CANVAS = 280  # pixels, side of the square canvas for one digit
WIDE = 840  # pixels, width of the canvas for numbers
MAX_STROKES, MAX_POINTS, MAX_WIDTH = 200, 5_000, 80
REACH = 4096  # pixels, how far a point may lie outside the canvas
OVERSAMPLING = 4  # sub-pixels in each direction, for smooth edges


@dataclass(frozen=True, eq=False)
class Stroke:
    """What the pen draws between touching the canvas and leaving it.

    Attributes
    ----------
    points : (k, 2) float32, x and y in canvas pixels, y down, in the order drawn; k at least 1.
    width : width of the pen, in canvas pixels.
    erases : True if the stroke removes ink.
    """

    points: NDArray[np.float32]
    width: float
    erases: bool = False


@dataclass(frozen=True, eq=False)
class Drawing:
    """Strokes in the order drawn, on a canvas `CANVAS` pixels high.

    Attributes
    ----------
    strokes : in the order drawn.
    backdrop : (28, 28) uint8, ink 255 on 0: an image that fills the square canvas under the strokes; None for paper.
    width : width of the canvas in pixels, `CANVAS` or `WIDE`.
    """

    strokes: tuple[Stroke, ...] = ()
    backdrop: NDArray[np.uint8] | None = None
    width: int = CANVAS

    def __bool__(self) -> bool:
        return bool(self.strokes) or self.backdrop is not None

    @property
    def paths(self) -> list[NDArray[np.float32]] | None:
        """The points of each stroke; None if an eraser or a backdrop makes them less than the drawing."""
        if self.backdrop is not None or any(stroke.erases for stroke in self.strokes):
            return None
        return [stroke.points for stroke in self.strokes]


def render(drawing: Drawing, size: int = CANVAS, oversampling: int = OVERSAMPLING) -> NDArray[np.uint8]:
    """Render the strokes, `size` pixels high: (H, W) uint8, ink 255 on 0, round ends and joins, smooth edges."""
    scale = size * oversampling / CANVAS
    shape = (round(drawing.width * size / CANVAS) * oversampling, size * oversampling)
    if drawing.backdrop is None:
        picture = Image.new("L", shape, 0)
    else:
        picture = Image.fromarray(drawing.backdrop).resize(shape, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(picture)
    for stroke in drawing.strokes:
        _draw_stroke(pen, stroke.points * scale, stroke.width * scale, 0 if stroke.erases else 255)
    return np.asarray(picture.reduce(oversampling) if oversampling > 1 else picture)


def _draw_stroke(pen: ImageDraw.ImageDraw, points: NDArray[np.float32], width: float, ink: int) -> None:
    radius = width / 2
    if len(points) > 1:
        pen.line(points.ravel().tolist(), fill=ink, width=max(1, round(width)), joint="curve")
    for x, y in (points[0], points[-1]):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)


def place_strokes(strokes: Strokes, width: float, longest_side: float, centre: tuple[float, float]) -> Drawing:
    """A `Drawing` of these strokes: scaled, and placed on the square canvas.

    Parameters
    ----------
    strokes : in any unit.
    width : width of the pen, in canvas pixels.
    longest_side : longer side of the box around the points, in canvas pixels.
    centre : x and y of the centre of that box on the canvas; moved inwards if ink would leave the canvas.
    """
    points = np.concatenate(strokes).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = longest_side / max(float((high - low).max()), 1e-9)
    half = (high - low) * scale / 2
    margin = np.minimum(half + width / 2 + 1, CANVAS / 2)
    middle = np.clip(np.asarray(centre), margin, CANVAS - margin)
    move = middle - (low + high) / 2 * scale
    return Drawing(tuple(Stroke((np.asarray(s, np.float64) * scale + move).astype(np.float32), width) for s in strokes))


def smooth(corners: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smooth a stroke of a drawing by three rounds of Chaikin's corner cutting; its two ends stay."""
    for _ in range(3):
        early, late = corners[:-1], corners[1:]
        cut = np.stack([0.75 * early + 0.25 * late, 0.25 * early + 0.75 * late], axis=1).reshape(-1, 2)
        corners = np.concatenate([corners[:1], cut, corners[-1:]])
    return corners.astype(np.float32)


def to_image(drawing: Drawing) -> NDArray[np.uint8]:
    """Render and preprocess a drawing: (28, 28) uint8; DrawingError if it has no ink."""
    image = preprocess(render(drawing, oversampling=2)).image
    if image is None:
        raise DrawingError("Expected a drawing with ink. Received: none. Draw something first.")
    return image
