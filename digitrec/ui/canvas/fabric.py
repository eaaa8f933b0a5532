"""Drawings to and from the canvas component's own format, Fabric.js objects as JSON.

Drawing -> to_fabric -> canvas -> from_fabric -> Drawing

Fabric smooths pointer positions into quadratic curves. They are converted to short straight lines, and sent back as
those lines, so that a drawing survives the round trip. A marker, an invisible object, says which drawing a canvas was
last given.

The canvas has `FACTOR` pixels to each of a drawing, so that it is crisp where a page shows it large. Only this module
and `session_canvas` know that.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from digitrec.errors import DrawingError
from digitrec.ink.drawings import CANVAS, MAX_POINTS, MAX_STROKES, MAX_WIDTH, REACH, Drawing, Stroke
from digitrec.ink.image_files import to_data_url

Json = dict[str, Any]
FACTOR = 2  # canvas pixels to one of a drawing
MARK = "strokeDashOffset"  # a property that Fabric keeps, and that shows nothing on an object without a stroke
MOVED = 3.0 * FACTOR  # pixels; a path whose middle lies farther from where it was drawn has been edited
FLAT = 6.0 * FACTOR  # pixels, the longest straight line that stands for a piece of a curve
CURVES = {"M": 3, "L": 3, "Q": 5}  # the commands of a pen's path, and how long each is


def to_fabric(drawing: Drawing, ink: str, paper: str, revision: int = 0) -> Json:
    """A drawing as the canvas's `initial_drawing`, marked with `revision`; `ink` and `paper` are CSS colours."""
    marker = {"type": "Rect", "left": 0, "top": 0, "width": 0, "height": 0, "strokeWidth": 0, "fill": None}
    paths = [_to_path(stroke, paper if stroke.erases else ink) for stroke in drawing.strokes]
    backdrop = [] if drawing.backdrop is None else [_to_image(drawing.backdrop, ink)]
    return {"objects": [marker | {MARK: revision}, *backdrop, *paths]}


def _to_image(backdrop: NDArray[np.uint8], ink: str) -> Json:
    """The backdrop in the colour of the ink, its pixels as squares."""
    colour = np.array(ImageColor.getrgb(ink)[:3])
    picture = np.rint(255 + backdrop[..., None] / 255 * (colour - 255)).astype(np.uint8)
    scale = FACTOR * CANVAS / len(backdrop)
    place = {"left": 0, "top": 0, "originX": "left", "originY": "top", "scaleX": scale, "scaleY": scale}
    return {"type": "Image", "src": to_data_url(picture), "imageSmoothing": False, **place}


def _to_path(stroke: Stroke, colour: str) -> Json:
    points = FACTOR * stroke.points.astype(float)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
        points[1, 1] += 0.001  # a path of no length would not be drawn
    return {
        "type": "Path",
        "path": [["L" if index else "M", *point] for index, point in enumerate(points.tolist())],
        "fill": None,
        "stroke": colour,
        "strokeWidth": FACTOR * stroke.width,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
    }


def read_revision(canvas: Any) -> int | None:
    """The revision of the drawing that the canvas was last handed; None where it carries no marker."""
    return next((item[MARK] for item in _objects(canvas) if item.get("type") == "Rect" and MARK in item), None)


def from_fabric(canvas: Any, paper: str) -> Drawing:
    """The strokes on the canvas; anything on it that is not a pen's path is left out.

    Raises
    ------
    DrawingError, where the paths are not what a pen can have drawn: they come from a browser, and are not trusted.
    """
    paths = [item for item in _objects(canvas) if _is_pen_path(item)]
    if len(paths) > MAX_STROKES or sum(len(item["path"]) for item in paths) > MAX_POINTS:
        raise _refused(f"more than {MAX_STROKES} strokes or {MAX_POINTS} points")
    try:
        return Drawing(tuple(_from_path(item, paper) for item in paths))
    except (TypeError, ValueError, IndexError):
        raise _refused("a path that is not made of numbers") from None


def _refused(received: str) -> DrawingError:
    return DrawingError(
        f"Expected at most {MAX_STROKES} strokes of a pen on the canvas. Received: {received}. Clear it and draw again."
    )


def _objects(canvas: Any) -> list[Json]:
    objects = canvas.get("objects") if isinstance(canvas, dict) else None
    return [item for item in objects if isinstance(item, dict)] if isinstance(objects, list) else []


def _is_pen_path(item: Json) -> bool:
    path = item.get("path")
    if item.get("type") != "Path" or not isinstance(path, list) or not path:
        return False
    whole = all(
        isinstance(command, list) and command and CURVES.get(str(command[0])) == len(command) for command in path
    )
    return whole and path[0][0] == "M"


def _from_path(item: Json, paper: str) -> Stroke:
    points = _flatten(item["path"])
    if len(points) == 2 and np.abs(points[1] - points[0]).max() < 0.1 * FACTOR:
        points = points[:1]
    points, width = _edited(points, item) / np.float32(FACTOR), _width(item) / FACTOR
    if not (np.isfinite(points).all() and np.abs(points).max() <= 2 * REACH and 0 < width <= 2 * MAX_WIDTH):
        raise ValueError
    return Stroke(points, width, item.get("stroke") == paper)


def _flatten(commands: Sequence[Sequence[Any]]) -> NDArray[np.float32]:
    """The path as points, with as many on each curve as make its straight pieces short."""
    numbers = [[*command[1:3], *command[-2:]] for command in commands]  # a straight line's control is its end
    places = np.clip(np.array(numbers, float), -FACTOR * REACH, FACTOR * REACH)
    if np.isnan(places).any():
        raise ValueError
    controls, ends = places[:, :2], places[:, 2:]
    starts = np.roll(ends, 1, axis=0)
    pieces = np.maximum(1, np.rint(np.hypot(*(ends - starts).T) / FLAT)).astype(int)
    pieces[[len(command) == 3 for command in commands]] = 1
    curve = np.repeat(np.arange(len(commands)), pieces)
    number = np.arange(len(curve)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 1  # of the piece, on its curve
    t = (number / pieces[curve])[:, None]
    points = (1 - t) ** 2 * starts[curve] + 2 * t * (1 - t) * controls[curve] + t**2 * ends[curve]
    return points.astype(np.float32)


def _width(item: Json) -> float:
    """The pen's width as shown: Fabric enlarges it with the path."""
    return float(item.get("strokeWidth", 1)) * float(np.sqrt(abs(item.get("scaleX", 1) * item.get("scaleY", 1))))


def _edited(points: NDArray[np.float32], item: Json) -> NDArray[np.float32]:
    """The points where the canvas shows them, after moving, sizing or turning with its edit tool."""
    scale = np.array(
        [
            item.get("scaleX", 1) * (-1 if item.get("flipX") else 1),
            item.get("scaleY", 1) * (-1 if item.get("flipY") else 1),
        ],
        float,
    )
    angle = np.deg2rad(float(item.get("angle", 0)))
    drawn = (points.min(axis=0) + points.max(axis=0)) / 2
    shown = np.array([item.get("left", drawn[0]), item.get("top", drawn[1])], float)
    if angle == 0 and (scale == 1).all() and np.abs(shown - drawn).max() < MOVED:
        return points
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (((points - drawn) * scale) @ turn + shown).astype(np.float32)
