"""A picture from the clipboard."""

import base64
import binascii
from pathlib import Path

import streamlit as st

from digitrec.ink.image_files import MAX_BYTES
from digitrec.ui import state

HERE = Path(__file__).parent

_paste = st.components.v2.component(
    "digitrec_paste",
    html=(HERE / "paste.html").read_text("utf-8"),
    css=(HERE / "paste.css").read_text("utf-8"),
    js=(HERE / "paste.js").read_text("utf-8"),
)


def paste_picture() -> bytes | None:
    """Let the user paste a picture: its bytes, unchecked, or None if there is none yet."""
    _paste(key=state.PASTED.name, data={"largest": MAX_BYTES}, on_picture_change=lambda: None)
    url = state.PASTED.sent("picture")
    if not isinstance(url, str) or len(url) > 2 * MAX_BYTES or not url.startswith("data:image/"):
        return None  # a browser may send anything
    try:
        return base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error:
        return None
