"""Many small images to look through, as one sheet cut up by the browser; one can be picked."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import lay_out, to_data_url
from digitrec.datasets import Dataset
from digitrec.ui import state

HERE = Path(__file__).parent
COLUMNS = 20  # of the sheet; the page wraps as it has room
SIDE = 56  # pixels of each, shown

_gallery = st.components.v2.component(
    "digitrec_gallery",
    html='<div class="gallery" role="toolbar" aria-label="Images; the arrow keys move"></div>',
    css=(HERE / "gallery.css").read_text("utf-8"),
    js=(HERE / "gallery.js").read_text("utf-8"),
)


def picked_place(data: Dataset, part: str) -> int | None:
    """The index of the image that was picked last, on whichever page; None if it is of other data, or gone."""
    *whose, place = state.PICKED_IMAGE.get() or (None, None, -1)
    return place if whose == [data.name, part] and place < len(data.part(part)) else None


def pick(data: Dataset, part: str, place: int) -> None:
    """Pick the image at this place of a dataset's part."""
    state.PICKED_IMAGE.set((data.name, part, place))


def open_picked(data: Dataset, part: str) -> None:
    """Pick the image that the page's address names, where none is picked, and keep the one that is picked there."""
    split, named = data.part(part), state.PLACE.get()
    if picked_place(data, part) is None and named.isdecimal() and len(named) < 9 and int(named) < len(split):
        pick(data, part, int(named))
    place = picked_place(data, part)
    state.PLACE.set("" if place is None else str(place))


def turn_pages(key: state.Key[int], places: NDArray[np.intp], per_page: int) -> NDArray[np.intp]:
    """Let the user turn the pages where there are several: the places on the one that is open."""
    pages = -(-len(places) // per_page)
    if pages < 2:
        return places
    if key.get() > pages:  # it was chosen where there were more
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
    """Show the images at these places of a dataset's part; one can be picked."""
    split = data.part(part)
    told = captions or [f"{split.labels[place]}, number {place:,}" for place in places]
    show(
        split.images[places], places, told, picked_place(data, part), partial(pick, data, part), key=key, labels=labels
    )


def show(
    images: NDArray[np.uint8],
    places: NDArray[np.intp],
    captions: list[str],
    picked: int | None,
    on_pick: Callable[[int], None],
    *,
    key: state.Key[Any],
    labels: list[str] | None = None,
) -> None:
    """Show (n, 28, 28) uint8 images, each with its place and caption; `on_pick` is told the place of one picked.

    Captions are for whoever points at an image, or cannot see it; `labels`, a few letters each, stand under them.
    """

    def tell() -> None:
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
        on_picked_change=tell,
    )
