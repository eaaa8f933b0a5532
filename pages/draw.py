"""Draw a digit or a number, and see it read while the pen moves."""

import streamlit as st

from digitrec.ink.drawings import WIDE
from digitrec.ui import state
from digitrec.ui.canvas import links, session_canvas
from digitrec.ui.draw import details, digit, number, projector
from digitrec.ui.messages import begin_page

with st.container(key=state.HEAD.name, horizontal=True, vertical_alignment="center"):
    arrived = begin_page(
        "draw",
        "Draw a digit",
        "Draw a digit from 0 to 9, or write *A number*: it is read while you draw. No mouse? Press *Sample digit*.",
    )
    links.open_drawing()
    width = session_canvas.choose(arrived)
    projects = projector.choose()

if width == WIDE:
    number.show_board()
else:
    digit.show_board()
if not projects:
    details.show_details(None if width == WIDE else digit.explain)
