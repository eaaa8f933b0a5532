"""The canvas component's own form of a drawing, Fabric.js objects as JSON, to ours and back.

Drawing -> to_fabric -> canvas -> from_fabric -> Drawing

Fabric smooths what the pointer reports into quadratic curves. They are taken over as short straight lines that lie on
them, and handed back as those lines, so a drawing comes back as it went.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.drawings import Drawing, Stroke

Json = dict[str, Any]
MOVED = 3.0  # pixels; a path whose middle lies farther from where it was drawn has been edited
FLAT = 6.0  # pixels, the longest straight line that stands for a piece of a curve
CURVES = {"M": 3, "L": 3, "Q": 5}  # the commands of a pen's path, and how long each is


def to_fabric(drawing: Drawing, ink: str, paper: str) -> Json:
    """A drawing as the canvas's `initial_drawing`; `ink` and `paper` are CSS colours."""
    return {"objects": [_to_path(stroke, paper if stroke.erases else ink) for stroke in drawing.strokes]}


def _to_path(stroke: Stroke, colour: str) -> Json:
    points = stroke.points.astype(float)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
        points[1, 1] += 0.001  # a path of no length would not be drawn
    return {
        "type": "Path",
        "path": [["L" if index else "M", *point] for index, point in enumerate(points.tolist())],
        "fill": None,
        "stroke": colour,
        "strokeWidth": stroke.width,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
    }


def from_fabric(canvas: Json | None, paper: str) -> Drawing:
    """The drawing on the canvas; anything on it that is not a pen's path is left out."""
    return Drawing(tuple(_from_path(item, paper) for item in (canvas or {}).get("objects", []) if _is_pen_path(item)))


def _is_pen_path(item: Json) -> bool:
    path = item.get("path") or []
    return (
        item.get("type") == "Path" and len(path) > 0 and all(CURVES.get(command[0]) == len(command) for command in path)
    )


def _from_path(item: Json, paper: str) -> Stroke:
    points = _flatten(item["path"])
    if len(points) == 2 and np.abs(points[1] - points[0]).max() < 0.1:
        points = points[:1]
    return Stroke(_edited(points, item), _width(item), item.get("stroke") == paper)


def _flatten(commands: Sequence[Sequence[Any]]) -> NDArray[np.float32]:
    """The path as points, with as many on each curve as make its straight pieces short."""
    points: list[NDArray[np.float64]] = []
    for _, *numbers in commands:
        places = np.array(numbers, float).reshape(-1, 2)
        if len(places) == 1:
            points.append(places[0])
            continue
        (control, end), start = places, points[-1]
        pieces = max(1, round(float(np.hypot(*(end - start))) / FLAT))
        t = np.linspace(0, 1, pieces + 1)[1:, None]
        points.extend((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)
    return np.array(points, np.float32)


def _width(item: Json) -> float:
    """The pen's width as shown: Fabric enlarges it with the path."""
    return float(item.get("strokeWidth", 1)) * float(np.sqrt(abs(item.get("scaleX", 1) * item.get("scaleY", 1))))


def _edited(points: NDArray[np.float32], item: Json) -> NDArray[np.float32]:
    """The points where the canvas shows them, after moving, sizing or turning with its edit tool."""
    scale = np.array(
        [
            item.get("scaleX", 1) * (-1 if item.get("flipX") else 1),
            item.get("scaleY", 1) * (-1 if item.get("flipY") else 1),
        ]
    )
    angle = np.deg2rad(item.get("angle", 0))
    drawn = (points.min(axis=0) + points.max(axis=0)) / 2
    shown = np.array([item.get("left", drawn[0]), item.get("top", drawn[1])], float)
    if angle == 0 and (scale == 1).all() and np.abs(shown - drawn).max() < MOVED:
        return points
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (((points - drawn) * scale) @ turn + shown).astype(np.float32)
