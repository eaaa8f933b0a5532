"""The look of the Draw page: as usual, or for a projector."""

from pathlib import Path

import streamlit as st

from digitrec.ui import state

HERE = Path(__file__).parent


def choose() -> bool:
    """Offer the mode for projectors, or the way out of it; True where it is on."""
    is_on = bool(state.PROJECTOR.get())
    st.button(
        "Leave projector mode" if is_on else "Projector",
        icon=":material/close_fullscreen:" if is_on else ":material/present_to_all:",
        type="tertiary",
        on_click=state.PROJECTOR.set,
        args=("" if is_on else "on",),
        shortcut="Esc" if is_on else None,
        key=state.PROJECT.name,
    )
    styles = ("draw.css", "projector.css") if is_on else ("draw.css",)
    st.html("".join(f"<style>{(HERE / style).read_text('utf-8')}</style>" for style in styles))
    return is_on
