"""The network at work on the Draw page: a few maps of each layer, for every reading that the browser makes."""

from pathlib import Path

import streamlit as st

from digitrec.reading.map_preferences import SHAPES
from digitrec.ui import state
from digitrec.ui.cache import classifier, map_preferences
from digitrec.ui.canvas import live

HERE = Path(__file__).parent

_chain = st.components.v2.component(
    "digitrec_chain",
    html=(HERE / "chain.html").read_text("utf-8"),
    css=(HERE / "chain.css").read_text("utf-8"),
    js="".join(map(live.read_part, ("ending.js", "surfaces.js")))
    + (HERE / "bus.js").read_text("utf-8")
    + (HERE / "chain.js").read_text("utf-8"),
)


def show_chain() -> None:
    """Show the chain from drawing to verdict; a map that is pressed says what it looks for."""
    names = list(SHAPES)
    preferences = {
        layer: [(names.index(one.shape), *one.digits) for one in maps]
        for layer, maps in map_preferences(classifier()).items()
    }
    _chain(key=state.CHAIN.name, data={"preferences": preferences, "shapes": names})
