"""A drawing in the page's address: opened on arrival, updated while drawing, and shown as a link to share."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from digitrec.datasets import titles
from digitrec.datasets.dataset import PARTS
from digitrec.errors import DigitrecError, DrawingError
from digitrec.ink.drawings import CANVAS, WIDE, Drawing
from digitrec.ink.links import from_link, to_short_link
from digitrec.ui import state
from digitrec.ui.cache import dataset
from digitrec.ui.canvas import session_canvas
from digitrec.ui.canvas.history import put
from digitrec.ui.messages import as_plain_text

PARAMETERS = (state.DRAWING, state.NUMBER, state.IMAGE)


def open_drawing() -> None:
    """Put the drawing of the page's address on the canvas, once; show a warning if the link is broken."""
    if not any(parameter.get() for parameter in PARAMETERS):
        state.IN_ADDRESS.pop()  # the page was left, and its address with it
    readers: tuple[Callable[[str], Drawing], ...] = (from_link, partial(from_link, width=WIDE), _open_image)
    for parameter, read in zip(PARAMETERS, readers, strict=True):
        text = parameter.get()
        if not text or text == state.OPENED_LINK.get():
            continue
        try:
            drawing = read(text)
        except DigitrecError as error:
            st.warning(as_plain_text(f"This link cannot be opened. {error}"), icon=":material/link_off:")
        else:
            state.OPENED_LINK.set(text)
            session_canvas.change(partial(put, drawing=drawing), drawing.width)
            if drawing.width != CANVAS:
                session_canvas.open_wide()


def image_link(source: str, part: str, place: int) -> dict[str, str]:
    """The query parameters that open an image of a dataset on the canvas."""
    return {state.IMAGE.name: f"{source}-{part}-{place}"}


def _open_image(text: str) -> Drawing:
    source_and_part, _, place = text.rpartition("-")
    source, _, part = source_and_part.rpartition("-")
    if source not in titles() or part not in PARTS or not place.isdecimal() or len(place) > 9:
        raise DrawingError(
            "Expected the name of an image, such as mnist-test-7. Received: another text. Select the image again."
        )
    split = dataset(source).part(part)
    if int(place) >= len(split):
        raise DrawingError(f"Expected a number under {len(split):,}. Received: {int(place):,}. Select the image again.")
    return Drawing(backdrop=split.images[int(place)])


def keep_in_address(drawing: Drawing) -> None:
    """Write the drawing into the page's address, so that a reload restores it; say so if it is too long for that.

    If an image of a dataset was opened, the address keeps that image, without the strokes.
    """
    if drawing is not state.IN_ADDRESS.get():
        state.IN_ADDRESS.set(drawing)
        state.IS_TOO_LONG.set(not _write(drawing))
    if state.IS_TOO_LONG.get():
        st.caption("This drawing is too long for a link. It will be lost when you reload the page.")


def _write(drawing: Drawing) -> bool:
    """Replace the drawing in the address; return whether it fits."""
    try:
        text = to_short_link(drawing) if drawing.strokes and drawing.backdrop is None else ""
    except DrawingError:
        text = None
    own = state.IMAGE if drawing.backdrop is not None else _parameter(drawing)
    if drawing.backdrop is None:
        own.set(text or "")  # before the others are removed, so that the address always has a drawing
        state.OPENED_LINK.set(text or "")
    for other in PARAMETERS:
        if other is not own:
            other.set("")
    return text is not None


def share(drawing: Drawing) -> None:
    """Show the link to a drawing, to copy."""
    try:
        text = to_short_link(drawing)
    except DrawingError as error:
        st.warning(as_plain_text(str(error)), icon=":material/link_off:")
        return
    address = (st.context.url or "").split("?")[0].rstrip("/")
    st.markdown(
        "Anyone who opens this link sees the drawing on their canvas. The link contains the strokes and nothing else."
    )
    if urlsplit(address).hostname in ("localhost", "127.0.0.1"):
        st.caption("It works on this computer only, unless the app is made available on the network.")
    st.code(f"{address}/?{_parameter(drawing).name}={text}", language=None, wrap_lines=True)


def _parameter(drawing: Drawing) -> state.Parameter:
    return state.DRAWING if drawing.width == CANVAS else state.NUMBER
