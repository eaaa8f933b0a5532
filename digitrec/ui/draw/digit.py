"""One digit on the Draw page: canvas and tools, verdict, the network at work, and what else there is to see.

canvas | verdict
network, from the drawing to ten probabilities
details, computed once the drawing has come to rest
"""

import streamlit as st

from digitrec.ink.drawings import Drawing, render
from digitrec.networks.classifier import Classifier
from digitrec.networks.verdict import Reading
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import links, session_canvas, tools
from digitrec.ui.draw import details, stage
from digitrec.ui.messages import show_errors
from digitrec.ui.models.choice import choose_model


def show_page() -> None:
    """Show the page, below its title."""
    with show_errors("The model could not be loaded. Show this message to the person who runs the app."):
        classifier()
    sides = st.container(key=state.SIDES.name)
    board, verdict = sides.container(key=state.BOARD.name), sides.container(key=state.VERDICT.name)
    with verdict:
        stage.show_stage()
    with board:
        _board()
    stage.hand_over_model()
    choose_model()
    _details()


@st.fragment
def _board() -> None:
    """Canvas and tools: what runs after each stroke."""
    session_canvas.show(*tools.chosen_pen())
    tools.show()
    stage.show_courier()
    links.keep_in_address(session_canvas.current().drawing)


@st.fragment
def _details() -> None:
    """What explains the verdict, for the open tab alone."""
    stage.await_rest()
    drawing, reader = session_canvas.current().drawing, classifier()
    details.show(reader, _read(reader, drawing), drawing)


def _read(reader: Classifier, drawing: Drawing) -> Reading:
    """The reading of a drawing, kept until another is drawn or another model is chosen."""
    last = state.READ_AT_REST.get()
    if last is not None and last[0] is reader and last[1] is drawing:
        return last[2]
    reading = reader.read(render(drawing), drawing.paths)
    state.READ_AT_REST.set((reader, drawing, reading))
    return reading
