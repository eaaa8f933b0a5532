"""Draw a digit or a number, and see it read while the pen moves."""

from pathlib import Path

import streamlit as st

from digitrec.ink.drawings import WIDE
from digitrec.ui import state
from digitrec.ui.canvas import links, session_canvas
from digitrec.ui.draw import details, digit, number
from digitrec.ui.messages import begin_page

STYLE = Path(digit.__file__).with_name("draw.css")

with st.container(key=state.HEAD.name, horizontal=True, vertical_alignment="center"):
    arrived = begin_page(
        "draw",
        "Draw a digit",
        "Draw a digit from 0 to 9, or write *A number*: it is read while you draw. No mouse? Press *Sample digit*.",
    )
    links.open_drawing()
    width = session_canvas.choose(arrived)
st.html(STYLE)

if width == WIDE:
    number.show_board()
    details.show()
else:
    digit.show_page()
