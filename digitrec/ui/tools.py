"""What people hold in their hand on the Draw page: pen and eraser, undo, redo, clear, a sample digit."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from digitrec.drawings import Drawing
from digitrec.samples import WIDTH, sample_digit
from digitrec.ui import paper
from digitrec.ui.cache import pen_digits
from digitrec.ui.sheet import Sheet, put, redo, undo

PEN, ERASER = ":material/edit: Pen", ":material/ink_eraser: Eraser"
NOTE = "sample_note"


def chosen_pen() -> tuple[int, bool]:
    """The pen's width in pixels, and whether it erases: what `show` was last set to."""
    return st.session_state.get("pen_width", round(WIDTH)), st.session_state.get("tool", PEN) == ERASER


def show() -> None:
    """The tools under the sheet, which every drawing needs."""
    sheet = paper.current()
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
        st.button("Clear", icon=":material/delete:", on_click=_clear, disabled=not sheet.drawing)
    with st.container(horizontal=True, gap="small"):
        _step("Undo", ":material/undo:", undo, "Ctrl+Z", enabled=bool(sheet.past))
        _step("Redo", ":material/redo:", redo, "Ctrl+Y", enabled=bool(sheet.future))


def show_more() -> None:
    """The tools that few drawings need."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button("Sample digit", icon=":material/casino:", on_click=put_sample)
        st.slider("Pen width", 4, 40, round(WIDTH), key="pen_width", persist_state="session", width=180)
    note = st.session_state.get(NOTE)
    if note and note[0] == paper.current().revision:
        st.caption(note[1])


def _step(label: str, icon: str, step: Callable[[Sheet], Sheet], keys: str, *, enabled: bool) -> None:
    st.button(label, icon=icon, on_click=paper.change, args=(step,), disabled=not enabled, shortcut=keys)


def _clear() -> None:
    paper.change(lambda sheet: put(sheet, Drawing()))


def put_sample() -> None:
    """Put a sample digit on the sheet, and remember where it is from."""
    sample = sample_digit(pen_digits(), np.random.default_rng())
    paper.change(lambda sheet: put(sheet, sample.drawing))
    st.session_state[NOTE] = (paper.current().revision, sample.origin)
