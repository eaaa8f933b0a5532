"""Digits written with a pen, as the canvas component sends them: what it holds at the end of each stroke.

pen trajectory -> `prepare` -> one `StrokeEnd` a stroke
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from digitrec.charts.pictures import as_paper, enlarge, frame
from digitrec.datasets.sources.pen import draw_at_random, load_pen_digits, split_by_writer
from digitrec.errors import DataError
from digitrec.ink.drawings import Drawing, Stroke, render
from digitrec.ink.image_files import to_data_url
from digitrec.ink.links import to_short_link
from digitrec.ink.preprocessing import preprocess
from digitrec.ui.canvas.fabric import FACTOR, from_fabric, read_revision, to_fabric
from digitrec.ui.canvas.history import INK, PAPER
from tests.data import sample

SHOWN = 140  # pixels at most, the side of a picture of that tab
SECONDS = 1.2  # that a digit takes
# Properties that Fabric writes with every object; digitrec reads none of them, but their bytes travel.
USUAL = {
    "version": "7.4.0", "originX": "center", "originY": "center", "fill": None, "strokeDashArray": None,
    "strokeLineCap": "round", "strokeDashOffset": 0, "strokeLineJoin": "round", "strokeUniform": False,
    "strokeMiterLimit": 10, "scaleX": 1, "scaleY": 1, "angle": 0, "flipX": False, "flipY": False, "opacity": 1,
    "shadow": None, "visible": True, "backgroundColor": "", "fillRule": "nonzero", "paintFirst": "fill",
    "globalCompositeOperation": "source-over", "skewX": 0, "skewY": 0,
}  # fmt: skip


@dataclass(frozen=True)
class StrokeEnd:
    """The canvas when the pen is lifted.

    Attributes
    ----------
    at : seconds since the digit was begun.
    paths : the strokes so far, as Fabric's objects.
    link : the drawing as text in the page's address; no two drawings have the same.
    shown : its 28 x 28 image as the tab *Why* shows it, a data URL.
    """

    at: float
    paths: list[dict[str, Any]]
    link: str
    shown: str


def prepare(n: int, seed: int = 0) -> list[list[StrokeEnd]]:
    """So many digits of held-out writers at random sizes, places and pens, each as its strokes' ends; all differ."""
    try:
        digits = split_by_writer(load_pen_digits())[1]
    except DataError:
        digits = sample.load_pen_digits()
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(digits), n, replace=n > len(digits))
    prepared = [_ends(draw_at_random(digits[i].strokes, rng)) for i in chosen]
    links = [end.link for ends in prepared for end in ends]
    assert len(set(links)) == len(links), "Two of the drawings are the same."
    return prepared


def to_state(revision: int, paths: list[dict[str, Any]]) -> str:
    """The canvas component's state as JSON: what is on it, since the drawing of that revision was laid on it."""
    marker = to_fabric(Drawing(), INK, PAPER, revision)["objects"][0]
    raw = {"version": USUAL["version"], "objects": [USUAL | marker, *paths], "background": PAPER}
    assert read_revision(raw) == revision
    return json.dumps({"drawing": {"raw": raw}})


def _ends(drawing: Drawing) -> list[StrokeEnd]:
    paths = [_as_path(stroke) for stroke in drawing.strokes]
    drawn = np.cumsum([len(stroke.points) for stroke in drawing.strokes])
    return [_end(SECONDS * drawn[i] / drawn[-1], paths[: i + 1]) for i in range(len(paths))]


def _end(at: float, paths: list[dict[str, Any]]) -> StrokeEnd:
    drawing = from_fabric({"objects": paths}, PAPER)
    image = preprocess(render(drawing)).image
    assert image is not None
    shown = to_data_url(frame(enlarge(as_paper(image), SHOWN // len(image))))
    return StrokeEnd(float(at), paths, to_short_link(drawing), shown)


def _as_path(stroke: Stroke) -> dict[str, Any]:
    """A stroke as Fabric's pencil leaves it: curves from middle to middle of the points that the pointer reported."""
    points = np.round(FACTOR * stroke.points.astype(float), 2)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
        points[1, 0] += 0.001  # as Fabric does for a dot
    curves = [["Q", *one, *((one + following) / 2)] for one, following in pairwise(points[:-1])]
    commands = [["M", *points[0]], *curves, ["L", *points[-1]]]
    path = [[command, *map(float, numbers)] for command, *numbers in commands]
    (left, top), (width, height) = ((points.min(axis=0) + points.max(axis=0)) / 2).tolist(), np.ptp(points, axis=0)
    place = {"type": "Path", "left": left, "top": top, "width": float(width), "height": float(height)}
    return USUAL | place | {"stroke": INK, "strokeWidth": FACTOR * float(stroke.width), "path": path}
