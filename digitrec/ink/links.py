"""Drawings as links: strokes packed into short text, and read back from text that anyone may have sent.

drawing -> `to_link` -> text -> `from_link` -> drawing
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import DrawingError
from digitrec.ink.drawings import CANVAS, MAX_POINTS, MAX_STROKES, MAX_WIDTH, REACH, Drawing, Stroke

MAX_LINK = 6000  # characters; browsers and proxies accept 8,000 for a whole address


def to_link(drawing: Drawing) -> str:
    """Encode a drawing as text of letters, digits, - and _ that fits into an address.

    Raises
    ------
    DrawingError, if the text would be longer than `MAX_LINK`, or the drawing has a backdrop.
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


def to_short_link(drawing: Drawing) -> str:
    """As `to_link`, of strokes with fewer points that look the same."""
    return to_link(replace(drawing, strokes=tuple(replace(s, points=simplify(s.points)) for s in drawing.strokes)))


def from_link(text: str, width: int = CANVAS) -> Drawing:
    """Decode what `to_link` wrote for a canvas of that width. The text is not trusted.

    Raises
    ------
    DrawingError, if the text is too long or damaged, or holds strokes that no canvas makes.
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
    """X and y of the first point in whole pixels, then the step to each following point; zero steps are left out."""
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
    """Shorten a link: leave out points within `tolerance` pixels of the line between those kept (Douglas-Peucker)."""
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
