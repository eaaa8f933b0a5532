"""A drawing in the address: opened on arrival, kept there while it is drawn, and written for sharing."""

from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from digitrec.datasets import titles
from digitrec.datasets.dataset import PARTS
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
    if source not in titles() or part not in PARTS or not place.isdecimal() or len(place) > 9:
        raise DrawingError(
            "Expected the name of an image, such as mnist-test-7. Received: another text. Pick the image again."
        )
    split = dataset(source).part(part)
    if int(place) >= len(split):
        raise DrawingError(f"Expected a number under {len(split):,}. Received: {int(place):,}. Pick the image again.")
    return Drawing(backdrop=split.images[int(place)])


def keep_in_address(drawing: Drawing) -> None:
    """Write the drawing into the page's address, so that a reload finds it, if it fits there."""
    if drawing is st.session_state.get("in_address"):
        return
    st.session_state["in_address"] = drawing
    if drawing.backdrop is not None:
        return
    try:
        text = to_link(_simplified(drawing)) if drawing else ""
    except DrawingError:
        return
    for name in (DRAWING, NUMBER, IMAGE):
        if name in st.query_params:
            del st.query_params[name]
    if text:
        st.query_params[_name(drawing)] = text
    st.session_state[OPENED] = text


def share(drawing: Drawing) -> None:
    """Show the link to a drawing, ready to be copied."""
    try:
        text = to_link(_simplified(drawing))
    except DrawingError as error:
        st.warning(as_plain_text(str(error)), icon=":material/link_off:")
        return
    address = (st.context.url or "").split("?")[0].rstrip("/")
    st.markdown("Whoever opens this link finds the drawing on their canvas. It holds the strokes and nothing else.")
    if urlsplit(address).hostname in ("localhost", "127.0.0.1"):
        st.caption("It works on this computer only, until whoever started the app opens it to the network.")
    st.code(f"{address}/?{_name(drawing)}={text}", language=None, wrap_lines=True)


def _simplified(drawing: Drawing) -> Drawing:
    return replace(drawing, strokes=tuple(replace(s, points=simplify(s.points)) for s in drawing.strokes))


def _name(drawing: Drawing) -> str:
    return DRAWING if drawing.width == CANVAS else NUMBER
