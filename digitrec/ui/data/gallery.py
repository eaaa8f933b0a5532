"""A gallery of small images, sent to the browser as one sheet; the user can select one."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import lay_out
from digitrec.datasets import Dataset
from digitrec.ink.image_files import to_data_url
from digitrec.ui import state

HERE = Path(__file__).parent
PER_PAGE = (50, 100, 200, 500)  # the choices
COLUMNS = 20  # of the sheet; the page wraps as it has room
SIDE = 56  # pixels of each, shown

_gallery = st.components.v2.component(
    "digitrec_gallery",
    html='<div class="gallery" role="toolbar" aria-label="Images; move with the arrow keys"></div>',
    css=(HERE / "gallery.css").read_text("utf-8"),
    js=(HERE / "gallery.js").read_text("utf-8"),
)


def picked_place(data: Dataset, part: str) -> int | None:
    """The index of the image selected last in any gallery; None if it is of other data or no longer exists."""
    picked = state.PICKED_IMAGE.get()
    if picked is None or picked[:2] != (data.name, part) or picked[2] >= len(data.part(part)):
        return None
    return picked[2]


def pick(data: Dataset, part: str, place: int) -> None:
    """Select this image of the gallery: its index in a dataset's part."""
    state.PICKED_IMAGE.set((data.name, part, place))


def open_picked(data: Dataset, part: str) -> None:
    """Select the image named in the page's address if none is selected, and write the selected one into the address."""
    split, named = data.part(part), state.PLACE.get()
    if picked_place(data, part) is None and named.isdecimal() and len(named) < 9 and int(named) < len(split):
        pick(data, part, int(named))
    place = picked_place(data, part)
    state.PLACE.set("" if place is None else str(place))


def turn_pages(key: state.Key[int], places: NDArray[np.intp], per_page: int) -> NDArray[np.intp]:
    """Let the user turn pages if there are several: the indices on the current page."""
    pages = -(-len(places) // per_page)
    if pages < 2:
        return places
    if key.get() > pages:  # it was chosen when there were more
        key.set(pages)
    page = st.number_input(f"Page of {pages:,}", 1, pages, key.default, width=160, **key.widget)
    return places[(page - 1) * per_page : page * per_page]


def show_places(
    data: Dataset,
    part: str,
    places: NDArray[np.intp],
    key: state.Key[Any],
    *,
    captions: list[str] | None = None,
    labels: list[str] | None = None,
) -> None:
    """A gallery of the images at these indices of a dataset's part; the user can select one."""
    split = data.part(part)
    texts = captions or [f"{split.labels[place]}, image {place:,}" for place in places]
    show_gallery(
        split.images[places], places, texts, picked_place(data, part), partial(pick, data, part), key=key, labels=labels
    )


def show_gallery(
    images: NDArray[np.uint8],
    places: NDArray[np.intp],
    captions: list[str],
    picked: int | None,
    on_pick: Callable[[int], None],
    *,
    key: state.Key[Any],
    labels: list[str] | None = None,
) -> None:
    """A gallery of (n, 28, 28) uint8 images, each with its index and caption; `on_pick` receives the selected index.

    Captions are shown on hover and read by screen readers; `labels`, a few letters each, stand below the images.
    """

    def receive() -> None:
        place = key.sent("picked")
        if isinstance(place, int) and place in set(places.tolist()):  # a browser may send anything
            on_pick(place)

    _gallery(
        key=key.name,
        data={
            "sheet": to_data_url(lay_out(images, COLUMNS)),
            "columns": COLUMNS,
            "side": SIDE,
            "places": places.tolist(),
            "captions": captions,
            "labels": labels,
            "picked": picked,
        },
        on_picked_change=receive,
    )


def choose_per_page() -> int:
    """Let the user choose the number of images per page of the gallery."""
    return st.selectbox(
        "Images per page", PER_PAGE, PER_PAGE.index(state.SHOWN.default), width=120, **state.SHOWN.widget
    )
