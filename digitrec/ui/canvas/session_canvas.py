"""The session's sheets, one for a digit and a wide one for a number, and the canvas that shows one of them.

The canvas forgets its drawing when its page is left, so the drawing is kept in the session as strokes. A canvas under
a new key begins with them on coming back; the same canvas is handed other ones by undo, redo, clear and a sample.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit_drawable_canvas import st_canvas

from digitrec.ink.drawings import CANVAS, WIDE, render
from digitrec.ui.canvas.fabric import to_fabric
from digitrec.ui.canvas.history import INK, PAPER, CanvasState, blank, lay_again, receive

CONTAINER = "paper-canvas"  # of the element around the canvas, by which its companion finds it
WRITTEN = "writing"  # what the user writes, in the session and the address
WIDER = 6  # pixels; an eraser no wider than the pen would leave the edges of a line, too faint to be seen


def choose(arrived: bool) -> int:
    """Let the user choose between a digit and a number: the width of the canvas, in pixels.

    Whoever has just come to the page, or back to a canvas, finds on it what was there.
    """
    options = {"A digit": CANVAS, "A number": WIDE}
    chosen = st.segmented_control(
        "What to write",
        list(options),
        default="A digit",
        required=True,
        key=WRITTEN,
        persist_state="session",
        bind="query-params",
        label_visibility="collapsed",
    )
    width = options.get(str(chosen), CANVAS)
    if arrived or st.session_state.get("sheet_shown") != width:
        change(lay_again, width)
    st.session_state["sheet_shown"] = width
    return width


def open_wide() -> None:
    """Choose the canvas for a number, before `choose` shows it."""
    st.session_state[WRITTEN] = "A number"


def current(width: int = CANVAS) -> CanvasState:
    """What is on the session's canvas of that width, in pixels."""
    state: CanvasState = st.session_state.setdefault(_state(width), blank(width))
    return state


def as_ink(width: int = CANVAS) -> NDArray[np.uint8]:
    """What is drawn on the canvas of that width: (280, width) uint8, ink 255 on 0."""
    return render(current(width).drawing)


def change(step: Callable[[CanvasState], CanvasState], width: int = CANVAS) -> None:
    """Change what is on a canvas, after taking over what the canvas sent: a button's callback runs before `show`."""
    state = current(width)
    sent = st.session_state.get(_key(state)) or {}
    st.session_state[_state(width)] = step(receive(state, (sent.get("drawing") or {}).get("raw")) or state)


def show(pen: int, erases: bool, width: int = CANVAS) -> bytes | None:
    """Show the canvas and take over what was drawn: a PNG of it, None where it has sent none of this revision.

    `pen` is its width, and `width` the canvas's, in pixels.
    """
    state = current(width)
    with st.container(key=CONTAINER, width="content"):
        result = st_canvas(
            stroke_width=pen + WIDER if erases else pen,
            stroke_color=PAPER if erases else INK,
            background_color=PAPER,
            width=width,
            height=CANVAS,
            # A canvas takes a drawing only where it differs from the last it was handed: its revision always does.
            initial_drawing=to_fabric(state.start, INK, PAPER, state.revision),
            return_image_data=True,
            key=_key(state),
        )
    try:
        picture = result.image_bytes
    except (ValueError, AttributeError):  # a browser may send anything
        return None
    received = receive(state, result.json_data)
    if picture is None or received is None:
        return None
    st.session_state[_state(width)] = received
    return picture


def _key(state: CanvasState) -> str:
    return f"canvas-{state.width}-{state.mount}"


def _state(width: int) -> str:
    return f"state-{width}"
