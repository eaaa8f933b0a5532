"""The Map page: a canvas whose drawing is pinned on the map while the pen moves, and the images selected on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.data import plane
from digitrec.datasets import Dataset, Split
from digitrec.datasets.exploration.maps import DigitMap
from digitrec.datasets.exploration.neighbours import Features, make_index, nearest
from digitrec.datasets.exploration.projection import place_image
from digitrec.glossary import explain
from digitrec.networks.classifier import Classifier
from digitrec.ui import state
from digitrec.ui.canvas import links, live, session_canvas, tools
from digitrec.ui.data import gallery, hover, map_pin
from digitrec.ui.theme import text_colour

SHOWN = 100  # images of a selection
NEIGHBOURS = 12


@dataclass(frozen=True, eq=False)
class Plane:
    """A map, its data, the classifier that reads drawings, and the function that computes their features."""

    digits: DigitMap
    data: Dataset
    part: str
    reader: Classifier
    see: Callable[[NDArray[np.uint8]], Features]

    @property
    def split(self) -> Split:
        """The part of the dataset that the map shows."""
        return self.data.part(self.part)

    def show(self, indices: NDArray[np.intp], key: state.Key[Any]) -> None:
        """Show a gallery of images of the map."""
        gallery.show_places(self.data, self.part, self.digits.places[indices], key)


def show_plane(shown: Plane) -> None:
    """Show canvas and map side by side, or one below the other on a narrow screen."""
    sides = st.container(horizontal=True, gap="medium")
    with sides.container(width=300):
        _board(shown)
    with sides.container(width="stretch"):
        _chart(shown)
    hover.show_pictures(state.MAP, shown.split.images[shown.digits.places])


@st.fragment
def _board(shown: Plane) -> None:
    """The canvas, the drawing's position on the map and its nearest neighbours: what reruns while the pen moves."""
    session_canvas.show(*tools.chosen_pen())
    tools.show()
    drawn, digits = session_canvas.current(), shown.digits
    reading = shown.reader.read(*live.newest(drawn, live.picture_of(live.key_of(drawn))))
    live.show_verdict(drawn, reading, session_canvas.begin_anew, compact=True)
    image = reading.preprocessed.image
    if image is None or reading.digit is None:
        map_pin.show_pin(state.MAP, None, "", "")
    else:
        own = shown.see(image[None])[0]
        near = nearest(make_index(digits.features), own[None], NEIGHBOURS)[0][0]
        label = "?" if reading.unsure else str(reading.digit)
        map_pin.show_pin(
            state.MAP, place_image(digits.projection, digits.features, own), label, "Your drawing on the map"
        )
        same = int((shown.split.labels[digits.places[near]] == reading.digit).sum())
        st.markdown(
            f"**Nearest neighbours** on the map: {same} of {len(near)} are labelled {reading.digit}.",
            help=explain("nearest neighbours"),
        )
        shown.show(near, state.NEAR)
    links.keep_in_address(drawn.drawing)


@st.fragment
def _chart(shown: Plane) -> None:
    """The map, and the images selected on it."""
    figure = plane(shown.digits.projection.positions, shown.split.labels[shown.digits.places], text_colour())
    with st.container(key=state.MAP.name):
        event = st.plotly_chart(
            figure,
            key=state.PLANE.name,
            on_select="rerun",
            config={"scrollZoom": True, "displaylogo": False},
            alt=f"Map of {len(shown.digits.places):,} images, one dot each, coloured by digit; similar ones lie close.",
        )
    chosen = np.array([int(point["customdata"]) for point in event["selection"]["points"]], np.intp)
    if len(chosen):
        more = f", of which the first {SHOWN} are shown" if len(chosen) > SHOWN else ""
        st.markdown(f"**Selected**: {len(chosen):,} images{more}.")
        shown.show(chosen[:SHOWN], state.SELECTED)
        st.page_link("pages/samples.py", label="Show the selected image in full", icon=":material/grid_view:")
