"""One digit on the Draw page: canvas and tools, verdict, the network at work, and what else there is to see.

canvas | verdict
network, from the drawing to ten probabilities
details, computed once the drawing has come to rest
"""

import streamlit as st

from digitrec.ink.drawings import render
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import links, session_canvas, tools
from digitrec.ui.draw import details
from digitrec.ui.messages import show_errors
from digitrec.ui.models.choice import choose_model
from digitrec.ui.stage import chain, stage


def show_board() -> None:
    """The Draw page for a digit: canvas and tools, verdict, and the network at work."""
    sides, network, further = st.container(key=state.SIDES.name), st.container(), st.container()
    with further:
        _show_next()  # first, since the rest depends on the model
    with show_errors("The model could not be loaded. Show this message to the person who runs the app."):
        classifier()
    board, verdict = sides.container(key=state.BOARD.name), sides.container(key=state.VERDICT.name)
    with verdict:
        stage.show_stage()
    with board:
        _board()
    with verdict:
        stage.hand_over_model()
    with network:
        chain.show_chain()


def _show_next() -> None:
    """Show what to do next, and the model to read with."""
    with st.container(key=state.NEXT.name, horizontal=True, vertical_alignment="bottom"):
        st.page_link("pages/robustness.py", label="Fool it", icon=":material/exercise:")
        st.page_link("pages/train.py", label="Train your own", icon=":material/school:")
        st.page_link("pages/mistakes.py", label="See its mistakes", icon=":material/troubleshoot:")
        choose_model()


@st.fragment
def _board() -> None:
    """Canvas and tools: what runs after each stroke."""
    session_canvas.show(*tools.chosen_pen())
    tools.show()
    stage.show_courier()
    links.keep_in_address(session_canvas.current().drawing)


def explain() -> None:
    """Have the details be about what is on the canvas."""
    drawing, reader, last = session_canvas.current().drawing, classifier(), state.CASE.get()
    if last is None or last.drawing is not drawing or last.classifier is not reader:
        details.set_case(reader, reader.read(render(drawing), drawing.paths) if drawing else None, drawing)
