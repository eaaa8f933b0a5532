"""A drawing in the address: opened on arrival, and written for sharing."""

from urllib.parse import urlsplit

import streamlit as st

from digitrec.drawings import Drawing, Stroke, from_link, simplify, to_link
from digitrec.errors import DrawingError
from digitrec.ui import paper
from digitrec.ui.messages import as_plain_text
from digitrec.ui.sheet import put

PARAMETER = "drawing"
OPENED = "opened_link"


def open_drawing() -> None:
    """Put the drawing that the page's address carries on the sheet, once; say so where it is broken."""
    text = st.query_params.get(PARAMETER)
    if text is None:
        return
    if text != st.session_state.get(OPENED):
        st.session_state[OPENED] = text
        try:
            drawing = from_link(text)
        except DrawingError as error:
            st.session_state[OPENED] = None
            st.warning(as_plain_text(str(error)), icon=":material/link_off:")
        else:
            paper.change(lambda sheet: put(sheet, drawing))


def share(drawing: Drawing) -> None:
    """Show the link to a drawing, ready to be copied."""
    simple = Drawing(tuple(Stroke(simplify(s.points), s.width, s.erases) for s in drawing.strokes))
    try:
        text = to_link(simple)
    except DrawingError as error:
        st.warning(as_plain_text(str(error)), icon=":material/link_off:")
        return
    address = (st.context.url or "").split("?")[0]
    st.markdown("Whoever opens this link finds the drawing on their canvas. It holds the strokes and nothing else.")
    if urlsplit(address).hostname in ("localhost", "127.0.0.1"):
        st.caption(
            "It works on this computer only. Started with `make run ADDRESS=0.0.0.0`, the app has one for others."
        )
    st.code(f"{address}?{PARAMETER}={text}", language=None, wrap_lines=True)
