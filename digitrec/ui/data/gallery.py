"""Many small images to look through, as one sheet cut up by the browser; one can be picked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import lay_out, to_data_url
from digitrec.datasets import Dataset

HERE = Path(__file__).parent
COLUMNS = 20  # of the sheet; the page wraps as it has room
SIDE = 56  # pixels of each, shown

_gallery = st.components.v2.component(
    "digitrec_gallery",
    html='<div class="gallery" role="toolbar" aria-label="Images; the arrow keys move"></div>',
    css=(HERE / "gallery.css").read_text("utf-8"),
    js=(HERE / "gallery.js").read_text("utf-8"),
)


PLACE = "place"  # in the address
PICKED = "place"  # in the session: a dataset's name, its part, and the place of the image that was picked last


def picked_place(data: Dataset, part: str) -> int | None:
    """The index of the image that was picked last, on whichever page; None if it is of other data, or gone."""
    *whose, place = st.session_state.get(PICKED, (None, None, None))
    return place if whose == [data.name, part] and place < len(getattr(data, part)) else None


def open_picked(data: Dataset, part: str) -> None:
    """Pick the image that the page's address names, where none is picked, and keep the one that is picked there."""
    split, named = data.part(part), st.query_params.get(PLACE, "")
    if picked_place(data, part) is None and named.isdecimal() and len(named) < 9 and int(named) < len(split):
        st.session_state[PICKED] = (data.name, part, int(named))
    place = picked_place(data, part)
    if place is not None:
        st.query_params[PLACE] = str(place)
    elif named:
        del st.query_params[PLACE]


def choose_page(key: str, pages: int) -> int:
    """Let the user turn the pages, from 1 on, where there are several; the page stands in the address under `key`."""
    if pages == 1:
        return 1
    if st.session_state.get(key, 1) > pages:  # it was chosen where there were more
        st.session_state[key] = pages
    return st.number_input(f"Page of {pages:,}", 1, pages, 1, key=key, width=160, bind="query-params")


def show_places(
    data: Dataset,
    part: str,
    places: NDArray[np.intp],
    key: str,
    *,
    captions: list[str] | None = None,
    labels: list[str] | None = None,
) -> None:
    """Show the images at these places of a dataset's part; one can be picked."""
    split = data.part(part)

    def pick(place: int) -> None:
        st.session_state[PICKED] = (data.name, part, place)

    told = captions or [f"{split.labels[place]}, number {place:,}" for place in places]
    show(split.images[places], places, told, picked_place(data, part), pick, key=key, labels=labels)


def show(
    images: NDArray[np.uint8],
    places: NDArray[np.intp],
    captions: list[str],
    picked: int | None,
    on_pick: Callable[[int], None],
    *,
    key: str,
    labels: list[str] | None = None,
) -> None:
    """Show (n, 28, 28) uint8 images, each with its place and caption; `on_pick` is told the place of one picked.

    Captions are for whoever points at an image, or cannot see it; `labels`, a few letters each, stand under them.
    """

    def tell() -> None:
        place = (st.session_state.get(key) or {}).get("picked")
        if isinstance(place, int) and place in set(places.tolist()):  # a browser may send anything
            on_pick(place)

    _gallery(
        key=key,
        data={
            "sheet": to_data_url(lay_out(images, COLUMNS)),
            "columns": COLUMNS,
            "side": SIDE,
            "places": places.tolist(),
            "captions": captions,
            "labels": labels,
            "picked": picked,
        },
        on_picked_change=tell,
    )
