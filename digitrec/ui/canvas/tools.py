"""What people hold in their hand on the Draw page: pen and eraser, undo, redo, clear, a sample."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from digitrec.datasets.synthetic.samples import WIDTH, sample_digit, sample_number
from digitrec.ink.drawings import CANVAS, WIDE, Drawing
from digitrec.ui.cache import pen_digits
from digitrec.ui.canvas import session_canvas
from digitrec.ui.canvas.history import CanvasState, put, redo, undo

PEN, ERASER = ":material/edit: Pen", ":material/ink_eraser: Eraser"
NOTE = "sample_note"


def chosen_pen() -> tuple[int, bool]:
    """The pen's width in pixels, and whether it erases: what `show` was last set to."""
    return st.session_state.get("pen_width", round(WIDTH)), st.session_state.get("tool", PEN) == ERASER


def show(width: int = CANVAS) -> None:
    """The tools under the canvas of that width, which every drawing needs."""
    state = session_canvas.current(width)
    with st.container(horizontal=True, gap="small"):
        st.segmented_control(
            "Tool",
            [PEN, ERASER],
            default=PEN,
            required=True,
            key="tool",
            persist_state="session",
            label_visibility="collapsed",
        )
        st.button("Clear", icon=":material/delete:", on_click=_clear, args=(width,), disabled=not state.drawing)
    with st.container(horizontal=True, gap="small"):
        _step("Undo", ":material/undo:", undo, "Ctrl+Z", width, enabled=bool(state.past))
        _step("Redo", ":material/redo:", redo, "Ctrl+Y", width, enabled=bool(state.future))


def show_more(width: int = CANVAS) -> None:
    """The tools that few drawings need."""
    label = "Sample digit" if width == CANVAS else "Sample number"
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button(label, icon=":material/casino:", on_click=put_sample, args=(width,))
        st.slider("Pen width", 4, 40, round(WIDTH), key="pen_width", persist_state="session", width=180)
    note = st.session_state.get(NOTE)
    if note and note[0] == (width, session_canvas.current(width).revision):
        st.caption(note[1])


def _step(
    label: str, icon: str, step: Callable[[CanvasState], CanvasState], keys: str, width: int, *, enabled: bool
) -> None:
    st.button(label, icon=icon, on_click=session_canvas.change, args=(step, width), disabled=not enabled, shortcut=keys)


def _clear(width: int) -> None:
    session_canvas.change(lambda state: put(state, Drawing(width=width)), width)


def put_sample(width: int = CANVAS) -> None:
    """Put a sample on the canvas, a number on a wide one, and remember where it is from."""
    make = sample_number if width == WIDE else sample_digit
    sample = make(pen_digits(), np.random.default_rng())
    session_canvas.change(lambda state: put(state, sample.drawing), width)
    st.session_state[NOTE] = ((width, session_canvas.current(width).revision), sample.origin)
