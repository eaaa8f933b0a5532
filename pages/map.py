"""The digits on a plane, and where a drawing falls among them."""

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts import plane
from digitrec.datasets import data_folder
from digitrec.maps import make_map
from digitrec.projection import METHODS, nearest_features, place, project, to_features
from digitrec.ui import gallery, hover, links, live, paper, pin, tools
from digitrec.ui.cache import classifier
from digitrec.ui.functions import show_functions
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import begin_page, text_colour, told
from digitrec.ui.sheet import lay_again
from digitrec.ui.sources import choose_digits
from digitrec.words import with_article

CHART = "map"
SIZES = (1000, 3000, 5000, 10000)
SHOWN = 100  # images of a selection
NEIGHBOURS = 12
SENTENCES = {
    "PCA": "PCA turns the cloud of images until its two widest directions lie on the page. Distances are true to "
    "scale, but all other directions are lost, so digits overlap.",
    "t-SNE": "t-SNE keeps neighbours together: each island holds images that are alike. How far islands lie apart, and "
    "how large they are, means little.",
}

arrived = begin_page(
    "map",
    "Map",
    "Alike images lie close together. Draw a digit to see where it falls, point at a dot to see its image, and frame "
    "some dots to see them all.",
)
if arrived:
    paper.change(lay_again)
links.open_drawing()
data, part, split = choose_digits()
with told("The network could not be loaded."):
    reader = classifier()
SEES = {"what the network sees": reader.features, "pixels": to_features}

with st.container(horizontal=True, vertical_alignment="bottom"):
    sees = st.segmented_control(
        "Alike by", list(SEES), default="what the network sees", required=True, key="map_sees", bind="query-params"
    )
    method = st.segmented_control(
        "Laid out by", METHODS, default="t-SNE", required=True, key="map_by", bind="query-params"
    )
    count = st.selectbox(
        "Images", SIZES, 1, format_func=lambda n: f"{n:,}", key="map_size", bind="query-params", width=120
    )
st.markdown(
    SENTENCES[method]
    + (
        " Here images are alike where the network's last layer answers alike: it has learned to pull the digits apart."
        if sees == "what the network sees"
        else " Here images are alike where their pixels are, and nobody has told which digit each is."
    )
)

seen_by = reader.card.files.get("model.tflite") if sees != "pixels" else None
key = ("map", str(data_folder()), data.name, part, seen_by, method, count)
with told("The map could not be drawn."):
    digits = wait_for(key, "Laying out the map", partial(make_map, split.images, SEES[sees], method, count))
labels, images = split.labels[digits.places], split.images[digits.places]


def pick(index: int) -> None:
    """Remember an image, so that the Samples page shows it in full."""
    st.session_state["place"] = (data.name, part, index)


def show(indices: NDArray[np.intp], name: str) -> None:
    """A gallery of images of the map."""
    places = digits.places[indices]
    captions = [f"{split.labels[one]}, number {one:,}" for one in places]
    *whose, picked = st.session_state.get("place", (None, None, None))
    gallery.show(split.images[places], places, captions, picked if whose == [data.name, part] else None, pick, key=name)


@st.fragment
def board() -> None:
    """The canvas, the drawing's place on the map and what lies near it: what reruns while the pen moves."""
    sent = paper.show(*tools.chosen_pen())
    tools.show()
    st.button("Sample digit", icon=":material/casino:", on_click=tools.put_sample)
    sheet = paper.current()
    reading = reader.read(*live.newest(sheet, sent))
    live.show_verdict(sheet, reading, compact=True)
    image = reading.preprocessed.image
    if image is None or reading.digit is None:
        pin.show_pin(CHART, None, "", "")
    else:
        own = SEES[sees](image[None])[0]
        near = nearest_features(digits.features, own, NEIGHBOURS)
        label = "?" if reading.unsure else str(reading.digit)
        pin.show_pin(CHART, place(digits.projection, digits.features, own), label, "Your drawing on the map")
        same = int((labels[near] == reading.digit).sum())
        st.markdown(f"**Nearest to it** on the map: {same} of {len(near)} are {with_article(reading.digit)}.")
        show(near, "near")
    links.keep_in_address(sheet.drawing)


@st.fragment
def chart() -> None:
    """The map, and the images that are framed on it."""
    figure = plane(digits.projection.positions, labels, text_colour())
    with st.container(key=CHART):
        event = st.plotly_chart(
            figure, key="plane", on_select="rerun", config={"scrollZoom": True, "displaylogo": False}
        )
    chosen = np.array([int(point["customdata"]) for point in event["selection"]["points"]], np.intp)
    if len(chosen):
        more = f", the first {SHOWN} here" if len(chosen) > SHOWN else ""
        st.markdown(f"**Selected**: {len(chosen):,} images{more}.")
        show(chosen[:SHOWN], "selected")
        st.page_link("pages/samples.py", label="See the picked image in full", icon=":material/grid_view:")


sides = st.container(horizontal=True, gap="medium")
with sides.container(width=300):
    board()
with sides.container(width="stretch"):
    chart()
hover.show_pictures(CHART, images)
st.caption(f"{len(labels):,} of {len(split):,} images, drawn at random with seed 0.")
show_functions(project, place, nearest_features)
