"""The tools of the canvas: pen and eraser, pen width, undo, redo, clear, and a sample."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from digitrec.datasets.synthetic.samples import sample_digit, sample_number
from digitrec.ink.drawings import CANVAS, WIDE, Drawing
from digitrec.ui import state
from digitrec.ui.cache import pen_digits
from digitrec.ui.canvas import session_canvas
from digitrec.ui.canvas.history import CanvasState, put, redo, undo

PEN, ERASER = state.TOOL.default, ":material/ink_eraser: Eraser"


def chosen_pen() -> tuple[int, bool]:
    """The pen width in pixels, and whether it erases, as last chosen in `show`."""
    return state.PEN_WIDTH.get(), state.TOOL.get() == ERASER


def show(width: int = CANVAS) -> None:
    """The tools in one row, for the canvas of that width. Where there is little room, style sheets leave the icons."""
    shown = session_canvas.current(width)
    with st.container(key=state.TOOLS.name, horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.segmented_control(
            "Tool", [PEN, ERASER], default=PEN, required=True, label_visibility="collapsed", **state.TOOL.widget
        )
        st.slider(
            "Pen width",
            4,
            40,
            state.PEN_WIDTH.default,
            label_visibility="collapsed",
            width=120,
            **state.PEN_WIDTH.widget,
        )
        _step("Undo", ":material/undo:", undo, "Ctrl+Z", width, enabled=bool(shown.past))
        _step("Redo", ":material/redo:", redo, "Ctrl+Y", width, enabled=bool(shown.future))
        st.button(
            "Clear", icon=":material/delete:", help="Clear", on_click=_clear, args=(width,), disabled=not shown.drawing
        )
        label = "Sample digit" if width == CANVAS else "Sample number"
        st.button(label, icon=":material/casino:", help=label, on_click=put_sample, args=(width,))
    note = state.SAMPLE_NOTE.get()
    if note and note[0] == (width, shown.revision):
        st.caption(note[1])


def _step(
    label: str, icon: str, step: Callable[[CanvasState], CanvasState], keys: str, width: int, *, enabled: bool
) -> None:
    st.button(
        label,
        icon=icon,
        help=f"{label} ({keys})",
        on_click=session_canvas.change,
        args=(step, width),
        disabled=not enabled,
        shortcut=keys,
    )


def _clear(width: int) -> None:
    session_canvas.change(lambda shown: put(shown, Drawing(width=width)), width)


def put_sample(width: int = CANVAS) -> None:
    """Put a sample on the canvas, a number on a wide one, and remember its origin."""
    make = sample_number if width == WIDE else sample_digit
    sample = make(pen_digits(), np.random.default_rng())
    session_canvas.change(lambda shown: put(shown, sample.drawing), width)
    state.SAMPLE_NOTE.set(((width, session_canvas.current(width).revision), sample.origin))
