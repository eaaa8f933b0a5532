"""Draw a digit and see it read while the pen moves."""

import streamlit as st

from digitrec.drawings import render
from digitrec.ui import details, links, live, paper, tools
from digitrec.ui.cache import classifier
from digitrec.ui.messages import begin_page, told

arrived = begin_page(
    "draw",
    "Draw a digit",
    "Draw one digit from 0 to 9 with mouse, finger or stylus. The network reads it while you draw.",
)
if arrived:
    paper.lay_again()
links.open_drawing()


@st.fragment
def board() -> None:
    """Canvas, verdict and details: what reruns while the pen moves."""
    with told():
        reader = classifier()
    left, right = st.columns([300, 560], gap="medium")
    with left:
        sent = paper.show(*tools.chosen_pen())
    sheet = paper.current()
    ink = live.newest_ink(sheet)
    if ink is None:
        ink = render(sheet.drawing) if sent is None else sent
    reading = reader.read(ink, sheet.drawing.paths)
    with right:
        live.show_verdict(sheet, reading)
    tools.show()
    details.show(reader, reading, sheet.drawing)


board()
