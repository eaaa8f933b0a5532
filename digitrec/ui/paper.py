"""The sheet that people draw on: the canvas, and the drawing that outlives it.

The canvas forgets its drawing when its page is left, and takes a new one only under a new key. So the drawing is kept
in the session as strokes, and a canvas under a new key begins with it: on coming back, on undo and redo, for a sample.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit_drawable_canvas import st_canvas

from digitrec.drawings import CANVAS, Drawing
from digitrec.fabric import Json, from_fabric, to_fabric
from digitrec.preprocessing import find_ink

INK, PAPER = "#1f2937", "#ffffff"
PAPER_COLOUR = (255, 255, 255)
STATE = "paper"
CONTAINER = "paper-canvas"  # of the element around the canvas, by which its companion finds it
KEPT = 50  # steps that can be undone


@dataclass(frozen=True, eq=False)
class Paper:
    """What is on the sheet, and what was.

    Attributes
    ----------
    version : of the canvas; each has a key of its own.
    start : the canvas's first content.
    drawing : its content now.
    past, future : what undo and redo bring back, the nearest last.
    """

    version: int = 0
    start: Json = field(default_factory=lambda: to_fabric(Drawing(), INK, PAPER))
    drawing: Drawing = Drawing()
    past: tuple[Drawing, ...] = ()
    future: tuple[Drawing, ...] = ()


def current() -> Paper:
    """The session's sheet."""
    paper: Paper = st.session_state.setdefault(STATE, Paper())
    return paper


def put(drawing: Drawing) -> None:
    """Replace what is on the sheet; it can be undone."""
    paper = current()
    _lay(replace(paper, past=(*paper.past, paper.drawing)[-KEPT:], future=()), drawing)


def undo() -> None:
    """Bring back what was on the sheet before the last change."""
    paper = current()
    if paper.past:
        _lay(replace(paper, past=paper.past[:-1], future=(*paper.future, paper.drawing)), paper.past[-1])


def redo() -> None:
    """Take back the last undo."""
    paper = current()
    if paper.future:
        _lay(replace(paper, past=(*paper.past, paper.drawing), future=paper.future[:-1]), paper.future[-1])


def lay_again() -> None:
    """Begin a new canvas with what is on the sheet: for coming back to the page."""
    _lay(current(), current().drawing)


def _lay(paper: Paper, drawing: Drawing) -> None:
    start = to_fabric(drawing, INK, PAPER)
    st.session_state[STATE] = replace(paper, version=paper.version + 1, start=start, drawing=drawing)


def show(width: int, erases: bool) -> NDArray[np.uint8] | None:
    """Show the canvas and take over what was drawn: (280, 280) uint8 ink, None where the canvas has sent none."""
    paper = current()
    with st.container(key=CONTAINER, width="content"):
        result = st_canvas(
            stroke_width=width,
            stroke_color=PAPER if erases else INK,
            background_color=PAPER,
            width=CANVAS,
            height=CANVAS,
            initial_drawing=paper.start,
            return_image_data=True,
            key=f"canvas-{paper.version}",
        )
    picture = result.image_data
    if picture is None:
        return None
    drawn = from_fabric(result.json_data, PAPER)
    if not _is_same(drawn, paper.drawing):
        st.session_state[STATE] = replace(paper, drawing=drawn, past=(*paper.past, paper.drawing)[-KEPT:], future=())
    return find_ink(picture, PAPER_COLOUR)


def _is_same(one: Drawing, other: Drawing) -> bool:
    if len(one.strokes) != len(other.strokes):
        return False
    pairs = zip(one.strokes, other.strokes, strict=True)
    return all(a.points.shape == b.points.shape and np.allclose(a.points, b.points, atol=0.5) for a, b in pairs)
