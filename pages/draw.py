"""Draw a digit or a number, and see it read while the pen moves."""

import streamlit as st

from digitrec.ink.drawings import WIDE
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import links, live, session_canvas, tools
from digitrec.ui.draw import details, number
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models.choice import choose_model

arrived = begin_page(
    "draw",
    "Draw a digit",
    "Draw a digit from 0 to 9, or write *A number*: it is read while you draw. No mouse? Press *Sample digit*.",
)
links.open_drawing()
width = session_canvas.choose(arrived)


@st.fragment
def board() -> None:
    """Canvas and verdict: what reruns while the pen moves."""
    with show_errors("The model could not be loaded. Show this message to the person who runs the app."):
        reader = classifier()
    sides = st.container(horizontal=True, gap="medium")
    with sides.container(width=300):
        sent = session_canvas.show(*tools.chosen_pen())
        tools.show()
    state = session_canvas.current()
    reading = reader.read(*live.newest(state, sent))
    with sides.container(width=500):
        live.show_verdict(state, reading)
    tools.show_more()
    choose_model()
    links.keep_in_address(state.drawing)
    details.be_about(reader, reading, state.drawing)


if width == WIDE:
    number.show_board()
else:
    board()
details.show()
