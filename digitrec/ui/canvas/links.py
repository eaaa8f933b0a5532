"""A drawing in the address: opened on arrival, kept there while it is drawn, and written for sharing."""

from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from digitrec.datasets import titles
from digitrec.errors import DigitrecError, DrawingError
from digitrec.ink.drawings import CANVAS, WIDE, Drawing
from digitrec.ink.links import from_link, simplify, to_link
from digitrec.ui.cache import dataset
from digitrec.ui.canvas import session_canvas
from digitrec.ui.canvas.history import put
from digitrec.ui.messages import as_plain_text

DRAWING, NUMBER, IMAGE = "drawing", "number", "image"
OPENED = "opened_link"


def open_drawing() -> None:
    """Put what the page's address carries on the canvas, once; say so where it is broken."""
    if not any(name in st.query_params for name in (DRAWING, NUMBER, IMAGE)):
        st.session_state.pop("in_address", None)  # the page was left and its address with it
    for name, read in ((DRAWING, from_link), (NUMBER, partial(from_link, width=WIDE)), (IMAGE, _open_image)):
        text = st.query_params.get(name)
        if not text or text == st.session_state.get(OPENED):
            continue
        try:
            drawing = read(text)
        except DigitrecError as error:
            st.warning(as_plain_text(f"This link is not whole. {error}"), icon=":material/link_off:")
        else:
            st.session_state[OPENED] = text
            session_canvas.change(partial(put, drawing=drawing), drawing.width)
            if drawing.width != CANVAS:
                session_canvas.open_wide()


def image_link(source: str, part: str, place: int) -> dict[str, str]:
    """What an address needs to open an image of the data on the canvas."""
    return {IMAGE: f"{source}-{part}-{place}"}


def _open_image(text: str) -> Drawing:
    source_and_part, _, place = text.rpartition("-")
    source, _, part = source_and_part.rpartition("-")
    if source not in titles() or part not in ("train", "test") or not place.isdecimal() or len(place) > 9:
        raise DrawingError(
            "Expected the name of an image, such as mnist-test-7. Received: another text. Pick the image again."
        )
    split = getattr(dataset(source), part)
    if int(place) >= len(split):
        raise DrawingError(f"Expected a number under {len(split):,}. Received: {int(place):,}. Pick the image again.")
    return Drawing(backdrop=split.images[int(place)])


def keep_in_address(drawing: Drawing) -> None:
    """Write the drawing into the page's address, so that a reload finds it; say so where it is too long for that.

    An image of the data that is drawn on stays there as it was opened.
    """
    if drawing is not st.session_state.get("in_address"):
        st.session_state["in_address"] = drawing
        st.session_state["too_long"] = not _write(drawing)
    if st.session_state.get("too_long"):
        st.caption("This drawing is too long for a link: reloading the page will lose it.")


def _write(drawing: Drawing) -> bool:
    """Put the drawing into the address in place of any other; whether it fits there."""
    try:
        text = _as_text(drawing) if drawing.strokes and drawing.backdrop is None else ""
    except DrawingError:
        text = None
    kept = {IMAGE} if drawing.backdrop is not None else {_name(drawing)} if text else set()
    if text:  # before any other is taken away, so that the address is never without a drawing
        st.query_params[_name(drawing)] = text
    for name in {DRAWING, NUMBER, IMAGE} - kept:
        if name in st.query_params:
            del st.query_params[name]
    if drawing.backdrop is None:
        st.session_state[OPENED] = text or ""
    return text is not None


def share(drawing: Drawing) -> None:
    """Show the link to a drawing, ready to be copied."""
    try:
        text = _as_text(drawing)
    except DrawingError as error:
        st.warning(as_plain_text(str(error)), icon=":material/link_off:")
        return
    address = (st.context.url or "").split("?")[0].rstrip("/")
    st.markdown("Whoever opens this link finds the drawing on their canvas. It holds the strokes and nothing else.")
    if urlsplit(address).hostname in ("localhost", "127.0.0.1"):
        st.caption("It works on this computer only, until whoever started the app opens it to the network.")
    st.code(f"{address}/?{_name(drawing)}={text}", language=None, wrap_lines=True)


def _as_text(drawing: Drawing) -> str:
    """The drawing as a link carries it; DrawingError where it is too long."""
    return to_link(replace(drawing, strokes=tuple(replace(s, points=simplify(s.points)) for s in drawing.strokes)))


def _name(drawing: Drawing) -> str:
    return DRAWING if drawing.width == CANVAS else NUMBER
