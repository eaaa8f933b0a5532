"""Drawings as the pen made them: strokes, drawn as ink or carried by a link.

strokes -> render -> ink          drawing -> to_link -> text -> from_link -> drawing

A drawing is plain data, so that it can be kept while its page is left, shared, and drawn again on any canvas.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitrec.ink.types import Strokes

CANVAS = 280  # pixels, the side of the square that digits are drawn on
WIDE = 840  # pixels, the width of the canvas that numbers are written on
MAX_STROKES, MAX_POINTS, MAX_WIDTH = 200, 5_000, 80
REACH = 4096  # pixels that a pen may leave the canvas by
OVERSAMPLING = 4  # sub-pixels each way for smooth edges


@dataclass(frozen=True, eq=False)
class Stroke:
    """What the pen left between touching the canvas and leaving it.

    Attributes
    ----------
    points : (k, 2) float32, x and y in canvas pixels, y down, in the order drawn, k at least 1.
    width : of the pen, in canvas pixels.
    erases : True where the stroke takes ink away.
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
    backdrop : (28, 28) uint8, ink 255 on 0, an image that fills the square canvas and is drawn on; None for paper.
    width : of the canvas, in pixels: `CANVAS` or `WIDE`.
    """

    strokes: tuple[Stroke, ...] = ()
    backdrop: NDArray[np.uint8] | None = None
    width: int = CANVAS

    def __bool__(self) -> bool:
        return bool(self.strokes) or self.backdrop is not None

    @property
    def paths(self) -> list[NDArray[np.float32]] | None:
        """The points of each stroke; None where an eraser was used or there is more than strokes: they are not all."""
        if self.backdrop is not None or any(stroke.erases for stroke in self.strokes):
            return None
        return [stroke.points for stroke in self.strokes]


def render(drawing: Drawing, size: int = CANVAS, oversampling: int = OVERSAMPLING) -> NDArray[np.uint8]:
    """Draw the strokes, `size` pixels high: uint8, ink 255 on 0, round ends and joins, smooth edges."""
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


def place(strokes: Strokes, width: float, longest_side: float, centre: tuple[float, float]) -> Drawing:
    """Put strokes of any scale on the canvas.

    Parameters
    ----------
    strokes : (k, 2) arrays, x and y, y down, any unit.
    width : of the pen, in canvas pixels.
    longest_side : of the box around the points, in canvas pixels.
    centre : x and y of that box's middle on the canvas; moved inwards where ink would leave the canvas.
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
    """A curve past the corners, from the first to the last: Chaikin's corner cutting, three times."""
    for _ in range(3):
        early, late = corners[:-1], corners[1:]
        cut = np.stack([0.75 * early + 0.25 * late, 0.25 * early + 0.75 * late], axis=1).reshape(-1, 2)
        corners = np.concatenate([corners[:1], cut, corners[-1:]])
    return corners.astype(np.float32)
