"""Drawings as the pen made them: strokes, drawn as ink or carried by a link.

strokes -> render -> ink          drawing -> to_link -> text -> from_link -> drawing

A drawing is plain data, so that it can be kept while its page is left, shared, and drawn again on any canvas.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitrec.errors import DrawingError

CANVAS = 280  # pixels, the side of the square that digits are drawn on
WIDE = 840  # pixels, the width of the canvas that numbers are written on
MAX_LINK = 6000  # characters; browsers and proxies take 8,000 for a whole address
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


def place(strokes: Sequence[NDArray[Any]], width: float, longest_side: float, centre: tuple[float, float]) -> Drawing:
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


def to_link(drawing: Drawing) -> str:
    """Write a drawing as text of letters, digits, - and _ that an address can carry.

    Raises
    ------
    DrawingError, where the text would be longer than `MAX_LINK`.
    """
    if drawing.backdrop is not None:
        raise DrawingError(
            "Expected a drawing of strokes alone. Received: one on an image from the data, which a link cannot carry. "
            "Download the picture and send that instead."
        )
    if len(drawing.strokes) > MAX_STROKES:
        raise DrawingError(
            f"Expected a drawing of at most {MAX_STROKES} strokes. Received: one of {len(drawing.strokes)}. "
            "Draw it with fewer strokes, or download the picture and send that instead."
        )
    rows = [[_link_width(s.width), int(s.erases), *_to_steps(s.points)] for s in drawing.strokes]
    packed = zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > MAX_LINK:
        raise DrawingError(
            f"Expected a drawing whose link takes at most {MAX_LINK} characters. Received: one that takes {len(text)}. "
            "Draw it with fewer strokes, or download the picture and send that instead."
        )
    return text


def from_link(text: str, width: int = CANVAS) -> Drawing:
    """Read what `to_link` wrote of a drawing on a canvas of that width, trusting none of it.

    Raises
    ------
    DrawingError, where the text is too long, damaged, or holds strokes that no canvas made.
    """
    if len(text) > MAX_LINK:
        raise _broken(f"{len(text)} characters, more than {MAX_LINK}")
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj()
        plain = inflater.decompress(packed, 16 * MAX_POINTS)
        rows = json.loads(plain)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise _broken("text that is cut short or changed") from None
    if not isinstance(rows, list) or len(rows) > MAX_STROKES:
        raise _broken(f"something other than a list of at most {MAX_STROKES} strokes")
    if sum(len(row) if isinstance(row, list) else 0 for row in rows) > 2 * MAX_POINTS:
        raise _broken(f"more than {MAX_POINTS} points")
    return Drawing(tuple(_read_stroke(row) for row in rows), width=width)


def _to_steps(points: NDArray[np.float32]) -> list[int]:
    """Whole-pixel x, y of the first point, then the step to each next one, steps of nothing left out."""
    whole = np.rint(np.clip(points, -REACH, REACH)).astype(int)
    steps = np.diff(whole, axis=0)
    return [*whole[0].tolist(), *steps[steps.any(axis=1)].ravel().tolist()]


def _link_width(width: float) -> int:
    return min(max(round(width), 1), MAX_WIDTH)


def _read_stroke(row: Any) -> Stroke:
    is_stroke = isinstance(row, list) and len(row) >= 4 and len(row) % 2 == 0 and all(type(n) is int for n in row)
    if not is_stroke:
        raise _broken("a stroke that is not a list of whole numbers: width, eraser, x, y, steps")
    width, erases, *steps = row
    if not (1 <= width <= MAX_WIDTH and erases in (0, 1)):
        raise _broken(f"a pen of width {width}, where 1 to {MAX_WIDTH} is possible")
    if max(map(abs, steps)) > 2 * REACH:
        raise _broken("a stroke that leaves the canvas")
    points = np.cumsum(np.reshape(steps, (-1, 2)), axis=0).astype(np.float32)
    if np.abs(points).max() > REACH:
        raise _broken("a stroke that leaves the canvas")
    return Stroke(points, float(width), bool(erases))


def _broken(received: str) -> DrawingError:
    return DrawingError(
        f"Expected the drawing that a digitrec link carries. Received: {received}. "
        "Ask for the link again and copy it whole."
    )


def simplify(points: Iterable[Iterable[float]], tolerance: float = 0.7) -> NDArray[np.float32]:
    """Leave out points within `tolerance` pixels of the line between those kept (Douglas and Peucker, 1973)."""
    line = np.asarray(list(points), np.float32)
    if len(line) < 3:
        return line
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        between = line[first + 1 : last]
        if len(between) == 0:
            continue
        distance = _distance_to_segment(between, line[first], line[last])
        farthest = int(distance.argmax())
        if distance[farthest] > tolerance:
            middle = first + 1 + farthest
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return line[keep]


def _distance_to_segment(points: NDArray[Any], start: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
    along = end - start
    length = float(along @ along)
    position = np.clip((points - start) @ along / length, 0, 1)[:, None] if length else 0.0
    return np.hypot(*(points - (start + position * along)).T)
