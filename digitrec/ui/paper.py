"""The session's sheet, and the canvas that shows it.

The canvas forgets its drawing when its page is left, so the drawing is kept in the session as strokes. A canvas under
a new key begins with them on coming back; the same canvas is handed other ones by undo, redo, clear and a sample.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit_drawable_canvas import st_canvas

from digitrec.drawings import CANVAS, render
from digitrec.fabric import to_fabric
from digitrec.ui.sheet import INK, PAPER, Sheet, receive

STATE = "sheet"
CONTAINER = "paper-canvas"  # of the element around the canvas, by which its companion finds it
WIDER = 6  # pixels; an eraser no wider than the pen would leave the edges of a line, too faint to be seen


def current() -> Sheet:
    """The session's sheet."""
    sheet: Sheet = st.session_state.setdefault(STATE, Sheet())
    return sheet


def as_ink() -> NDArray[np.uint8]:
    """What is drawn on the session's sheet: (280, 280) uint8, ink 255 on 0."""
    return render(current().drawing)


def change(step: Callable[[Sheet], Sheet]) -> None:
    """Change the session's sheet, after taking over what the canvas sent: a button's callback runs before `show`."""
    sheet = current()
    sent = st.session_state.get(_key(sheet)) or {}
    st.session_state[STATE] = step(receive(sheet, (sent.get("drawing") or {}).get("raw")) or sheet)


def show(width: int, erases: bool) -> bytes | None:
    """Show the canvas and take over what was drawn: a PNG of it, None where it has sent none of this revision."""
    sheet = current()
    with st.container(key=CONTAINER, width="content"):
        result = st_canvas(
            stroke_width=width + WIDER if erases else width,
            stroke_color=PAPER if erases else INK,
            background_color=PAPER,
            width=CANVAS,
            height=CANVAS,
            # A canvas takes a drawing only where it differs from the last it was handed: its revision always does.
            initial_drawing=to_fabric(sheet.start, INK, PAPER, sheet.revision),
            return_image_data=True,
            key=_key(sheet),
        )
    try:
        picture = result.image_bytes
    except (ValueError, AttributeError):  # a browser may send anything
        return None
    received = receive(sheet, result.json_data)
    if picture is None or received is None:
        return None
    st.session_state[STATE] = received
    return picture


def _key(sheet: Sheet) -> str:
    return f"canvas-{sheet.mount}"
