"""The canvas's companion: sends what is on the canvas while the pen moves, and shows the verdict.

canvas surfaces -> picture (one in flight at a time) -> `newest` -> Reading -> `show_verdict` -> large digit and bars

The canvas itself sends its drawing only 200 ms after the pen is lifted. If the companion cannot find the canvas's
surfaces, it sends nothing, and the canvas's own update is used.
"""

import base64
import binascii
import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from digitrec.ink.drawings import CANVAS, Drawing, render
from digitrec.ink.preprocessing import find_ink
from digitrec.networks.verdict import Reading
from digitrec.ui import state
from digitrec.ui.canvas.history import CanvasState
from digitrec.ui.reader import WORDS
from digitrec.words import in_percent, in_words

MAX_PICTURE = 200_000  # bytes of a canvas as PNG; a full one takes under 30,000

log = logging.getLogger("digitrec")

HERE = Path(__file__).parent
PAPER_COLOUR = (255, 255, 255)
SQUARE, APART = 10, 100  # pixels, and how far apart greys are where a stroke is missing; edges differ by less


def read_part(file: str) -> str:
    """The text of a script, style or page part of the canvas."""
    return (HERE / file).read_text("utf-8")


def companion(name: str, folder: Path = HERE) -> Any:
    """A companion of the canvas that shows a verdict with `name`.html, .css and .js of that folder."""

    def own(suffix: str) -> str:
        path = folder / f"{name}.{suffix}"
        return path.read_text("utf-8") if path.is_file() else ""

    return st.components.v2.component(
        f"digitrec_{name}",
        html=own("html").replace("<!-- verdict -->", read_part("verdict.html")),
        css=read_part("verdict.css") + own("css"),
        js="".join(map(read_part, ("address.js", "ending.js", "surfaces.js", "companion.js", "verdict.js")))
        + own("js"),
    )


_live = companion("live")


def newest(
    shown: CanvasState, picture: dict[str, Any]
) -> tuple[NDArray[np.uint8], Sequence[NDArray[np.float32]] | None]:
    """The current ink on the canvas, and the pen paths if they are just as recent.

    Parameters
    ----------
    picture : what `picture_of` returns. If it is of another revision, or none, the drawing itself is rendered.

    Returns
    -------
    ink : (280, width) uint8, 255 on 0.
    strokes : (k, 2) float32 arrays in canvas pixels; None while the pen moves, and if an eraser was used.
    """
    url = picture.get("url") if picture.get("revision") == shown.revision else None
    ink = decode_url(url, shown.width)
    if ink is None:
        return render(shown.drawing), shown.drawing.paths
    return ink, shown.drawing.paths if shows(ink, shown.drawing) else None


def shows(ink: NDArray[np.uint8], drawing: Drawing) -> bool:
    """Whether a picture of the canvas shows exactly that drawing: none of its squares is much darker or lighter."""
    shape = ink.shape[0] // SQUARE, SQUARE, ink.shape[1] // SQUARE, SQUARE
    drawn = render(drawing, oversampling=1)
    squares = [one.reshape(shape).mean(axis=(1, 3)) for one in (ink, drawn)]
    return bool(np.abs(squares[0] - squares[1]).max() < APART)


def show_verdict(shown: CanvasState, reading: Reading, on_lost: Callable[[], None], *, compact: bool = False) -> None:
    """Show the verdict beside the canvas, and keep its companion running; `compact` leaves out the bars.

    `on_lost` is called if the canvas has lost its drawing.
    """
    about = "Canvas for drawing a digit. If you cannot draw, press Sample digit."
    _live(
        key=key_of(shown).name,
        data={**what_to_watch(shown, about), "compact": compact, **describe(reading)},
        on_picture_change=lambda: None,
        on_lost_change=on_lost,
    )


def what_to_watch(shown: CanvasState, name: str) -> dict[str, Any]:
    """What a companion needs to know about its canvas; `name` is the canvas's accessible name."""
    return {
        "seen": picture_of(key_of(shown)).get("number", 0),
        "revision": shown.revision,
        "canvas": f".st-key-{state.PAPER.name}",
        "name": name,
        "width": shown.width,
        "height": CANVAS,
    }


def describe(reading: Reading) -> dict[str, Any]:
    """A reading as plain values: the large digit, the text, the bars (percent) and the 784 pixels (0 to 255)."""
    image = reading.preprocessed.image
    percent = [100 * float(probability) for probability in reading.probabilities]
    if reading.digit is None:
        shown, words = "", WORDS["nothing"]
    elif reading.unsure:
        shown, words = "?", WORDS["unsure"]
    else:
        shown, words = str(reading.digit), WORDS["sure"]
    words = words.format(level=in_words(reading.confidence), percent=in_percent(reading.confidence))
    return {
        "shown": shown,
        "words": words,
        "reason": reading.reason,
        "ways": _describe_ways(reading),
        "best": -1 if reading.digit is None else reading.digit,
        "runnerUp": -1 if reading.runner_up is None else reading.runner_up,
        "percent": percent if reading.digit is not None else [0.0] * 10,
        "percentText": [
            in_percent(float(probability)) if reading.digit is not None else "" for probability in reading.probabilities
        ],
        "pixels": [] if image is None else image.ravel().tolist(),
    }


def _describe_ways(reading: Reading) -> str:
    """What each of image and pen path is read as alone; empty if the path was not read."""
    if reading.by_ink is None or reading.by_path is None:
        return ""
    ink, path = (f"{int(one.argmax())}, {in_percent(float(one.max()))}" for one in (reading.by_ink, reading.by_path))
    return WORDS["ways"].format(ink=ink, path=path)


def key_of(shown: CanvasState) -> state.Key[Any]:
    """The key of a companion, which is replaced with its canvas."""
    return state.LIVE.of(shown.width, shown.mount)


def picture_of(key: state.Key[Any]) -> dict[str, Any]:
    """The picture that the companion with this key sent last, unchecked; empty if none."""
    picture = key.sent("picture")
    return picture if isinstance(picture, dict) else {}


def decode(png: bytes, width: int = CANVAS) -> NDArray[np.uint8] | None:
    """The ink in a PNG of the canvas, (280, width) uint8; None where it is something else: browsers are not trusted."""
    try:
        with Image.open(io.BytesIO(png[:MAX_PICTURE]), formats=["PNG"]) as picture:
            if picture.size != (width, CANVAS):
                return None
            return find_ink(np.asarray(picture.convert("RGBA")), PAPER_COLOUR)
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        log.warning("A picture from the canvas could not be decoded.")
        return None


def decode_url(url: object, width: int = CANVAS) -> NDArray[np.uint8] | None:
    """As `decode`, of a data URL."""
    if not isinstance(url, str) or len(url) > 2 * MAX_PICTURE or not url.startswith("data:image/png;base64,"):
        return None
    try:
        return decode(base64.b64decode(url.partition(",")[2], validate=True), width)
    except binascii.Error:
        return None
