"""Draw a digit or write a number, and see it read while the pen moves."""

import streamlit as st

from digitrec.ink.drawings import WIDE
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import links, live, paper, tools
from digitrec.ui.draw import details, number
from digitrec.ui.messages import begin_page, told
from digitrec.ui.models.choice import choose_model

arrived = begin_page(
    "draw",
    "Draw a digit",
    "Draw one digit from 0 to 9 with mouse, finger or stylus, and it is read while you draw; or write *A number*. "
    "Without any of these, press *Sample digit*.",
)
links.open_drawing()
width = paper.choose(arrived)


@st.fragment
def board() -> None:
    """Canvas, verdict and details: what reruns while the pen moves."""
    with told("The network could not be loaded. Show this to whoever started the app."):
        reader = classifier()
    sides = st.container(horizontal=True, gap="medium")
    with sides.container(width=300):
        sent = paper.show(*tools.chosen_pen())
        tools.show()
    sheet = paper.current()
    reading = reader.read(*live.newest(sheet, sent))
    with sides.container(width=500):
        live.show_verdict(sheet, reading)
    tools.show_more()
    choose_model()
    links.keep_in_address(sheet.drawing)
    details.show(reader, reading, sheet.drawing)


if width == WIDE:
    number.show_board()
else:
    board()
