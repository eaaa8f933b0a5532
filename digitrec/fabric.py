"""The canvas component's own form of a drawing, Fabric.js objects as JSON, to ours and back.

Drawing -> to_fabric -> canvas -> from_fabric -> Drawing

Fabric draws a pen's path as quadratic curves whose control points are the places that the pointer reported and whose
ends are the middles between them; both functions keep to that, so a drawing comes back as it went.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.drawings import Drawing, Stroke

Json = dict[str, Any]
MOVED = 3.0  # pixels; a path whose middle lies farther from where it was drawn has been edited


def to_fabric(drawing: Drawing, ink: str, paper: str) -> Json:
    """A drawing as the canvas's `initial_drawing`; `ink` and `paper` are CSS colours."""
    return {"objects": [_to_path(stroke, paper if stroke.erases else ink) for stroke in drawing.strokes]}


def _to_path(stroke: Stroke, colour: str) -> Json:
    points = stroke.points.astype(float)
    middles = (points[:-1] + points[1:]) / 2
    curves = [["Q", *point, *middle] for point, middle in zip(points.tolist(), middles.tolist(), strict=False)]
    last = points[-1] + ([0.0, 0.001] if len(points) == 1 else 0.0)  # a path of no length would not be drawn
    return {
        "type": "Path",
        "path": [["M", *points[0].tolist()], *curves, ["L", *last.tolist()]],
        "fill": None,
        "stroke": colour,
        "strokeWidth": stroke.width,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
    }


def from_fabric(canvas: Json | None, paper: str) -> Drawing:
    """The drawing on the canvas; anything on it that is not a pen's path is left out."""
    objects = (canvas or {}).get("objects", [])
    return Drawing(
        tuple(_from_path(item, paper) for item in objects if item.get("type") == "Path" and item.get("path"))
    )


def _from_path(item: Json, paper: str) -> Stroke:
    commands = item["path"]
    controls = [command[1:3] for command in commands if command[0] == "Q"]
    ends = [command[-2:] for command in commands if command[0] in "ML"]
    points = np.array([*controls, ends[-1]] if controls else ends, np.float32)
    if len(points) == 2 and np.abs(points[1] - points[0]).max() < 0.1:
        points = points[:1]
    return Stroke(_edited(points, commands, item), float(item.get("strokeWidth", 1)), item.get("stroke") == paper)


def _edited(points: NDArray[np.float32], commands: Sequence[Sequence[Any]], item: Json) -> NDArray[np.float32]:
    """The points where the canvas shows them, after moving, sizing or turning with its edit tool."""
    scale = np.array([item.get("scaleX", 1) * (-1 if item.get("flipX") else 1),
                      item.get("scaleY", 1) * (-1 if item.get("flipY") else 1)])  # fmt: skip
    angle = np.deg2rad(item.get("angle", 0))
    on_curve = np.array([command[-2:] for command in commands], float)
    drawn = (on_curve.min(axis=0) + on_curve.max(axis=0)) / 2
    shown = np.array([item.get("left", drawn[0]), item.get("top", drawn[1])], float)
    if angle == 0 and (scale == 1).all() and np.abs(shown - drawn).max() < MOVED:
        return points
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (((points - drawn) * scale) @ turn + shown).astype(np.float32)
