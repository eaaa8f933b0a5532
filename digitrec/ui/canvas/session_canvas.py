"""The session's sheets, one for a digit and a wide one for a number, and the canvas that shows one of them.

The canvas forgets its drawing when its page is left, so the drawing is kept in the session as strokes. A canvas under
a new key begins with them on coming back; the same canvas is handed other ones by undo, redo, clear and a sample.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit_drawable_canvas import st_canvas

from digitrec.ink.drawings import CANVAS, WIDE, render
from digitrec.ui import state
from digitrec.ui.canvas.fabric import to_fabric
from digitrec.ui.canvas.history import INK, PAPER, CanvasState, blank, lay_again, receive

WIDER = 6  # pixels; an eraser no wider than the pen would leave the edges of a line, too faint to be seen


def choose(arrived: bool) -> int:
    """Let the user choose between a digit and a number: the width of the canvas, in pixels.

    Whoever has just come to the page, or back to a canvas, finds on it what was there.
    """
    options = {"A digit": CANVAS, "A number": WIDE}
    chosen = st.segmented_control(
        "What to write",
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
    """Change what is on a canvas, after taking over what the canvas sent: a button's callback runs before `show`."""
    shown = current(width)
    sent = (_component(shown).sent("drawing") or {}).get("raw")
    state.STATE.of(width).set(step(receive(shown, sent) or shown))


def show(pen: int, erases: bool, width: int = CANVAS) -> bytes | None:
    """Show the canvas and take over what was drawn: a PNG of it, None where it has sent none of this revision.

    `pen` is its width, and `width` the canvas's, in pixels.
    """
    shown = current(width)
    with st.container(key=state.PAPER.name, width="content"):
        result = st_canvas(
            stroke_width=pen + WIDER if erases else pen,
            stroke_color=PAPER if erases else INK,
            background_color=PAPER,
            width=width,
            height=CANVAS,
            # A canvas takes a drawing only where it differs from the last it was handed: its revision always does.
            initial_drawing=to_fabric(shown.start, INK, PAPER, shown.revision),
            return_image_data=True,
            key=_component(shown).name,
        )
    try:
        picture = result.image_bytes
    except (ValueError, AttributeError):  # a browser may send anything
        return None
    received = receive(shown, result.json_data)
    if picture is None or received is None:
        return None
    state.STATE.of(width).set(received)
    return picture


def _component(shown: CanvasState) -> state.Key[Any]:
    return state.CANVAS.of(shown.width, shown.mount)
