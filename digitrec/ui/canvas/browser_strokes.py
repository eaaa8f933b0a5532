"""Drawings as the page's own scripts have them: each stroke with its width, in pixels of the drawing.

Drawing -> `to_browser` -> browser -> `from_browser` -> Drawing
"""

import logging
from typing import Any

import numpy as np

from digitrec.ink.drawings import MAX_POINTS, MAX_STROKES, MAX_WIDTH, REACH, Drawing, Stroke

log = logging.getLogger("digitrec")


def to_browser(drawing: Drawing) -> list[tuple[float, bool, list[list[float]]]]:
    """The width of each stroke, whether it erases, and its points, to a tenth of a pixel."""
    return [(one.width, one.erases, np.round(one.points.astype(float), 1).tolist()) for one in drawing.strokes]


def from_browser(sent: Any, width: int) -> Drawing | None:
    """The drawing on a canvas of that width, in pixels; None where it is not one: browsers are not trusted."""
    try:
        strokes = tuple(
            Stroke(np.array(one["points"], np.float32).reshape(-1, 2), float(one["width"]), bool(one["erases"]))
            for one in sent["strokes"][: MAX_STROKES + 1]
        )
    except (TypeError, ValueError, KeyError, IndexError):
        return None
    points = np.concatenate([np.zeros((0, 2), np.float32), *(stroke.points for stroke in strokes)])
    is_drawing = (
        len(strokes) <= MAX_STROKES
        and len(points) <= MAX_POINTS
        and bool((np.abs(points) <= REACH).all())  # False for what is not a number
        and all(len(stroke.points) and 0 < stroke.width <= MAX_WIDTH for stroke in strokes)
    )
    return Drawing(strokes, width=width) if is_drawing else None
