"""The canvas's companion: sends what is on the canvas while the pen moves, and shows the verdict.

canvas surfaces -> picture (at most one on its way) -> `newest_ink` -> Reading -> `show_verdict` -> large digit and bars

The canvas itself sends its drawing only 200 ms after the pen is lifted. Where the companion cannot find the canvas's
surfaces it sends nothing, and the canvas's own update serves.
"""

import base64
import binascii
import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from digitrec.classifier import Reading
from digitrec.drawings import CANVAS
from digitrec.preprocessing import find_ink
from digitrec.ui.paper import CONTAINER, PAPER_COLOUR, Paper

HERE = Path(__file__).parent
MAX_PICTURE = 200_000  # characters; a full canvas as PNG takes under 30,000
PREFIX = "data:image/png;base64,"
WORDS = ((0.99, "Certain"), (0.9, "Confident"), (0.75, "Fairly confident"), (0.0, "Leaning"))

_companion = st.components.v2.component(
    "digitrec_live",
    html=(HERE / "live.html").read_text("utf-8"),
    css=(HERE / "live.css").read_text("utf-8"),
    js=(HERE / "live.js").read_text("utf-8"),
)


def newest_ink(paper: Paper) -> NDArray[np.uint8] | None:
    """What the companion sent last: (280, 280) uint8, ink 255 on 0; None where it has sent nothing of this revision."""
    picture = _picture(paper)
    return _decode(picture.get("url")) if picture.get("revision") == paper.revision else None


def show_verdict(paper: Paper, reading: Reading) -> None:
    """Show the verdict beside the canvas, and keep its companion going."""
    _companion(
        key=_key(paper),
        data={
            "seen": _picture(paper).get("number", 0),
            "revision": paper.revision,
            "canvas": f".st-key-{CONTAINER}",
            "side": CANVAS,
            **describe(reading),
        },
        on_picture_change=lambda: None,
    )


def describe(reading: Reading) -> dict[str, Any]:
    """A reading as plain values for the page: what is shown large, in words, as bars, and as pixels."""
    image = reading.preprocessed.image
    percent = [round(100 * float(share), 1) for share in reading.probabilities]
    if reading.digit is None:
        shown, words = "", "Nothing to read yet"
    elif reading.unsure:
        shown, words = "?", "Not sure"
    else:
        shown, words = str(reading.digit), f"{in_words(reading.confidence)}, {in_percent(reading.confidence)}"
    return {
        "shown": shown,
        "words": words,
        "reason": reading.reason,
        "best": -1 if reading.digit is None else reading.digit,
        "runnerUp": -1 if reading.runner_up is None else reading.runner_up,
        "percent": percent if reading.digit is not None else [0.0] * 10,
        "pixels": [] if image is None else image.ravel().tolist(),
    }


def in_words(confidence: float) -> str:
    """A probability in words."""
    return next(words for least, words in WORDS if confidence >= least)


def in_percent(confidence: float) -> str:
    """A probability in percent, never rounded up to a certainty that no network has."""
    return "over 99.9 %" if confidence > 0.999 else f"{100 * confidence:.1f} %"


def _key(paper: Paper) -> str:
    return f"live-{paper.mount}"


def _picture(paper: Paper) -> dict[str, Any]:
    """What the companion sent last, as it came; empty where there is nothing."""
    picture = (st.session_state.get(_key(paper)) or {}).get("picture")
    return picture if isinstance(picture, dict) else {}


def _decode(url: Any) -> NDArray[np.uint8] | None:
    """The ink in a PNG from the browser, which is not trusted: None where it is no picture of the canvas."""
    if not isinstance(url, str) or len(url) > MAX_PICTURE or not url.startswith(PREFIX):
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(url[len(PREFIX) :], validate=True)), formats=["PNG"]) as picture:
            if picture.size != (CANVAS, CANVAS):
                return None
            return find_ink(np.asarray(picture.convert("RGBA")), PAPER_COLOUR)
    except (binascii.Error, OSError, SyntaxError, ValueError):
        logging.getLogger("digitrec").warning("A picture from the canvas could not be decoded.")
        return None
