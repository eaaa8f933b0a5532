"""The state of a canvas with its undo history, and what to accept from the browser: plain values.

CanvasState -> put, undo, redo, receive -> CanvasState
"""

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from digitrec.errors import DrawingError
from digitrec.ink.drawings import Drawing
from digitrec.ui.canvas.fabric import from_fabric, read_revision

log = logging.getLogger("digitrec")

INK, PAPER = "#1f2937", "#ffffff"
KEPT = 50  # steps that can be undone


@dataclass(frozen=True, eq=False)
class CanvasState:
    """What is on a canvas, and its history.

    Attributes
    ----------
    mount : counts the canvases; each has a key of its own.
    revision : counts the drawings given to a canvas. Anything sent before the canvas had the last one is out of date.
    start : the drawing last given to the canvas.
    drawing : what is on it now.
    past, future : what undo and redo restore, the most recent last.
    """

    mount: int = 0
    revision: int = 0
    start: Drawing = Drawing()
    drawing: Drawing = Drawing()
    past: tuple[Drawing, ...] = ()
    future: tuple[Drawing, ...] = ()

    @property
    def width(self) -> int:
        """Of the canvas, in pixels."""
        return self.start.width


def put(state: CanvasState, drawing: Drawing) -> CanvasState:
    """Add to the history: another drawing on the canvas, which can be undone."""
    return _lay(_remember(state, drawing), drawing)


def restore(state: CanvasState, kept: Drawing | None) -> CanvasState:
    """History with strokes that only the browser has put on the canvas; unchanged if none are missing there."""
    if kept is None or len(kept.strokes) <= len(state.drawing.strokes):
        return state
    return put(state, replace(kept, backdrop=state.drawing.backdrop, width=state.width))


def undo(state: CanvasState) -> CanvasState:
    """Restore the drawing before the last change."""
    if not state.past:
        return state
    return _lay(replace(state, past=state.past[:-1], future=(*state.future, state.drawing)), state.past[-1])


def redo(state: CanvasState) -> CanvasState:
    """Reverse the last undo."""
    if not state.future:
        return state
    return _lay(replace(state, past=(*state.past, state.drawing), future=state.future[:-1]), state.future[-1])


def lay_again(state: CanvasState) -> CanvasState:
    """The same history on a new canvas, which starts with the current drawing."""
    return _lay(replace(state, mount=state.mount + 1), state.drawing)


def lay_anew(state: CanvasState) -> CanvasState:
    """The same history, its drawing laid on the same canvas again: Streamlit may have begun that anew."""
    return state if _is_same(state.start, state.drawing) else _lay(state, state.drawing)


def receive(state: CanvasState, sent: Any) -> CanvasState | None:
    """The state after its canvas has sent a drawing; None if that is out of date or invalid."""
    if read_revision(sent) != state.revision:
        return None
    try:
        # The image beneath the strokes is still there: nothing on the page removes it.
        drawn = replace(from_fabric(sent, PAPER), backdrop=state.start.backdrop, width=state.width)
    except DrawingError as error:
        log.warning("The canvas sent an invalid drawing, which was ignored: %s", error)
        return None
    return state if _is_same(drawn, state.drawing) else _remember(state, drawn)


def _lay(state: CanvasState, drawing: Drawing) -> CanvasState:
    return replace(state, revision=state.revision + 1, start=drawing, drawing=drawing)


def _remember(state: CanvasState, drawing: Drawing) -> CanvasState:
    return replace(state, drawing=drawing, past=(*state.past, state.drawing)[-KEPT:], future=())


def _is_same(one: Drawing, other: Drawing) -> bool:
    if len(one.strokes) != len(other.strokes):
        return False
    pairs = zip(one.strokes, other.strokes, strict=True)
    return all(a.points.shape == b.points.shape and np.allclose(a.points, b.points, atol=0.5) for a, b in pairs)


def blank(width: int) -> CanvasState:
    """An empty canvas of that width, in pixels."""
    return CanvasState(start=Drawing(width=width), drawing=Drawing(width=width))
