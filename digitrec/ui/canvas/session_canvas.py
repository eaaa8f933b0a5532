"""The session's two drawings, a digit and a wider number, and the canvas that shows one of them.

The canvas loses its drawing when the user leaves the page, so the session keeps the strokes. On return, a canvas with
a new key starts with them; undo, redo, clear and samples give the same canvas other drawings.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit_drawable_canvas import st_canvas

from digitrec.ink.drawings import CANVAS, WIDE, render
from digitrec.ui import state
from digitrec.ui.canvas.fabric import FACTOR, to_fabric
from digitrec.ui.canvas.history import INK, PAPER, CanvasState, blank, lay_again, lay_anew, receive

WIDER = 6  # pixels; an eraser no wider than the pen would leave the edges of a line, too faint to be seen


def choose(arrived: bool) -> int:
    """Let the user choose between a digit and a number: the width of the canvas, in pixels.

    On arrival on the page, and after a change between the two, the canvas is restored.
    """
    options = {"A digit": CANVAS, "A number": WIDE}
    chosen = st.segmented_control(
        "What to draw",
        list(options),
        default=state.WRITING.default,
        required=True,
        label_visibility="collapsed",
        **state.WRITING.widget,
    )
    width = options.get(str(chosen), CANVAS)
    if arrived or state.SHEET_SHOWN.get() != width:
        change(lay_again, width)
    state.SHEET_SHOWN.set(width)
    return width


def open_wide() -> None:
    """Choose the canvas for a number, before `choose` shows it."""
    state.WRITING.set("A number")


def current(width: int = CANVAS) -> CanvasState:
    """What is on the session's canvas of that width, in pixels."""
    return state.STATE.of(width).setdefault(blank(width))


def as_ink(width: int = CANVAS) -> NDArray[np.uint8]:
    """What is drawn on the canvas of that width: (280, width) uint8, ink 255 on 0."""
    return render(current(width).drawing)


def change(step: Callable[[CanvasState], CanvasState], width: int = CANVAS) -> None:
    """Change the drawing on a canvas, after storing what it has sent: a button's callback runs before `show`."""
    shown = current(width)
    sent = (_component(shown).sent("drawing") or {}).get("raw")
    state.STATE.of(width).set(step(receive(shown, sent) or shown))


def begin_anew(width: int = CANVAS) -> None:
    """Give the canvas of that width its drawing again, after it has lost it."""
    change(lay_anew, width)


def show(pen: int, erases: bool, width: int = CANVAS) -> None:
    """Show the canvas and store what was drawn. `pen` is its width, and `width` the canvas's, in pixels."""
    shown = current(width)
    with st.container(key=state.PAPER.name):
        result = st_canvas(
            stroke_width=FACTOR * pen_width(pen, erases),
            stroke_color=PAPER if erases else INK,
            background_color=PAPER,
            width=FACTOR * width,
            height=FACTOR * CANVAS,
            # A canvas accepts a drawing only if it differs from the last one: its revision always does.
            initial_drawing=to_fabric(shown.start, INK, PAPER, shown.revision),
            key=_component(shown).name,
        )
    received = receive(shown, result.json_data)
    if received is not None:
        state.STATE.of(width).set(received)


def pen_width(pen: int, erases: bool) -> int:
    """The width of the lines on the session's canvas, by pen or eraser, in pixels of the drawing."""
    return pen + WIDER if erases else pen


def _component(shown: CanvasState) -> state.Key[Any]:
    return state.CANVAS.of(shown.width, shown.mount)
