"""The sheet that people draw on: the canvas, and the drawing that outlives it.

The canvas forgets its drawing when its page is left, so the drawing is kept in the session as strokes. A canvas under
a new key begins with them on coming back; the same canvas is handed other ones by undo, redo, clear and a sample.
"""

from dataclasses import dataclass, replace

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
    mount : counts the canvases; each has a key of its own.
    revision : counts the drawings handed to a canvas. What a canvas sent before it had the last one is out of date.
    start : the drawing last handed to the canvas.
    drawing : what is on it now.
    past, future : what undo and redo bring back, the nearest last.
    seen, outdated : what the canvas sent last, and what it had sent when it was last handed a drawing.
    """

    mount: int = 0
    revision: int = 0
    start: Drawing = Drawing()
    drawing: Drawing = Drawing()
    past: tuple[Drawing, ...] = ()
    future: tuple[Drawing, ...] = ()
    seen: Json | None = None
    outdated: Json | None = None


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
    paper = current()
    st.session_state[STATE] = replace(paper, mount=paper.mount + 1, seen=None)
    _lay(current(), paper.drawing)


def _lay(paper: Paper, drawing: Drawing) -> None:
    st.session_state[STATE] = replace(
        paper, revision=paper.revision + 1, start=drawing, drawing=drawing, outdated=paper.seen
    )


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
            # A canvas takes a drawing only where it differs from the last it was handed; its revision always does.
            initial_drawing=to_fabric(paper.start, INK, PAPER) | {"revision": paper.revision},
            return_image_data=True,
            key=f"canvas-{paper.mount}",
        )
    picture, sent = result.image_data, result.json_data
    if picture is None or sent == paper.outdated:
        return None
    drawn = from_fabric(sent, PAPER)
    if not _is_same(drawn, paper.drawing):
        paper = replace(paper, drawing=drawn, past=(*paper.past, paper.drawing)[-KEPT:], future=())
    st.session_state[STATE] = replace(paper, seen=sent)
    return find_ink(picture, PAPER_COLOUR)


def _is_same(one: Drawing, other: Drawing) -> bool:
    if len(one.strokes) != len(other.strokes):
        return False
    pairs = zip(one.strokes, other.strokes, strict=True)
    return all(a.points.shape == b.points.shape and np.allclose(a.points, b.points, atol=0.5) for a, b in pairs)
