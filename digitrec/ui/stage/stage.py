"""The stage of the Draw page: the browser reads what is on the canvas; the server does where the browser cannot.

weights (once) -> browser          canvas -> stage -> verdict, network          canvas -> courier -> server -> stage

Of these elements only the courier, which is small, stands in the fragment that runs after each stroke.
"""

import uuid
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from digitrec.datasets.synthetic.samples import own_sample
from digitrec.errors import ModelError
from digitrec.ink.drawings import CANVAS
from digitrec.networks.classifier import Classifier
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS
from digitrec.ui import reader, state
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import live, session_canvas, tools
from digitrec.ui.canvas.browser_strokes import from_browser, to_browser
from digitrec.ui.canvas.history import INK, CanvasState, restore
from digitrec.ui.models.choice import chosen_model

HERE = Path(__file__).parent
ABOUT = "Canvas for drawing a digit. If you cannot draw, press Sample digit."
ARRIVING = (3, 8, 5, 2)  # the digits that draw themselves
NO_WEIGHTS = "The server reads your drawing: this model has no weights that a browser can read."
DAMAGED = "The server reads your drawing: this model's weights for the browser are damaged."
YIELDED = "The server reads your drawing, since this browser could not."


def _component(name: str, *scripts: str, html: str = "", css: str = "") -> Any:
    return st.components.v2.component(f"digitrec_{name}", html=html, css=css, js="\n".join(scripts))


def _text(name: str) -> str:
    return (HERE / name).read_text("utf-8")


_weights = _component("weights", _text("bus.js"), _text("weights.js"))
_courier = _component("courier", live.read_part("ending.js"), _text("bus.js"), _text("courier.js"))
_stage = _component(
    "stage",
    *map(live.read_part, ("address.js", "ending.js", "surfaces.js", "verdict.js")),
    reader.client_script(),
    *map(_text, ("bus.js", "keeping.js", "arrival.js", "stage.js")),
    html=_text("stage.html"),
    css=live.read_part("verdict.css") + _text("stage.css"),
)


@st.fragment
def hand_over_model() -> None:
    """The stage gets the chosen model, once; a fragment of its own, since the browser answers that it has it."""
    key, files, problem = _model_files(classifier())
    if (held := state.WEIGHTS.sent("held")) is not None:
        state.WEIGHTS_HELD.set(held)
    is_held = bool(key) and state.WEIGHTS_HELD.get() == key
    _weights(
        key=state.WEIGHTS.name,
        data={
            "key": key,
            "files": None if is_held else files,
            "isHeld": is_held,
            "problem": problem,
            "spec": reader.reader_spec(classifier().card),
            "script": reader.worker_script(),
        },
        on_held_change=lambda: None,
    )


def _model_files(chosen: Classifier) -> tuple[str, dict[str, dict[str, str]] | None, str | None]:
    """A key for the model's weights, the weights, and what keeps a browser from reading with them."""
    card = chosen.card
    if not reader.can_read(card):
        return "", None, NO_WEIGHTS
    key = " ".join(card.files.get(name, "") for name in (WEIGHTS, PATH_WEIGHTS))
    try:
        return key, reader.reader_files(chosen_model(), card), None
    except ModelError:
        return "", None, DAMAGED


def show_stage() -> None:
    """Show the stage: the verdict, which follows the pen; take over strokes that only the browser has kept."""
    _stage(
        key=state.STAGE.name,
        data={
            "canvas": f".st-key-{state.PAPER.name}",
            "name": ABOUT,
            "width": CANVAS,
            "height": CANVAS,
            "ink": INK,
            "arrival": _arriving(),
            "yielded": YIELDED,
        },
        on_kept_change=lambda: None,
    )
    kept = from_browser(state.STAGE.sent("kept"), CANVAS)
    if kept is not None:
        session_canvas.change(lambda shown: restore(shown, kept))


def _arriving() -> list[list[dict[str, Any]]]:
    """Digits drawn for digitrec, each as its strokes in pixels of the canvas."""
    drawings = [own_sample(digit, np.random.default_rng(digit)).drawing for digit in ARRIVING]
    return [
        [{"width": stroke.width, "points": np.round(stroke.points.astype(float), 1).tolist()} for stroke in one.strokes]
        for one in drawings
    ]


def show_courier() -> None:
    """Tell the stage what the server knows of the canvas; read the drawing where the browser has asked for it."""
    shown = session_canvas.current()
    key = state.COURIER.of(shown.width, shown.mount)
    picture = live.picture_of(key)
    pen, erases = tools.chosen_pen()
    _courier(
        key=key.name,
        data={
            "session": state.SESSION.setdefault(uuid.uuid4().hex),
            "mount": shown.mount,
            "revision": shown.revision,
            "strokes": len(shown.drawing.strokes),
            "start": to_browser(shown.start),
            "isPlain": shown.start.backdrop is None,
            "isBlank": not shown.drawing,
            "pen": {"width": session_canvas.pen_width(pen, erases), "erases": erases},
            "seen": picture.get("number", 0),
            "verdict": _read(shown, picture) if picture else None,
        },
        on_picture_change=lambda: None,
        on_lost_change=session_canvas.begin_anew,
    )


def _read(shown: CanvasState, picture: dict[str, Any]) -> dict[str, Any]:
    return live.describe(classifier().read(*live.newest(shown, picture)))
