"""A map of a dataset, and where a drawing falls on it."""

from functools import partial

import streamlit as st

from digitrec.datasets.exploration.maps import make_map
from digitrec.datasets.exploration.neighbours import nearest
from digitrec.datasets.exploration.projection import METHODS, place_image, project, to_features
from digitrec.glossary import explain
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import links, session_canvas
from digitrec.ui.canvas.history import lay_again
from digitrec.ui.data.choice import choose_digits
from digitrec.ui.data.map import Plane, show_plane
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.source_code import show_functions

SIZES = (1000, 3000, 5000, 10000)
SENTENCES = {
    "PCA": "PCA shows the two directions in which the images differ most. Distances are to scale, but all other "
    "directions are lost, so digits overlap.",
    "t-SNE": "t-SNE keeps neighbours together: each island holds similar images. The distances between islands and "
    "their sizes mean little.",
}

arrived = begin_page(
    "map",
    "Map",
    "Similar images lie close together. Draw a digit to see where it falls, point at a dot to see its image, or "
    "draw a box around some dots to see all of their images.",
)
if arrived:
    session_canvas.change(lay_again)
links.open_drawing()
data, part, split = choose_digits()
with show_errors("The model could not be loaded."):
    reader = classifier()
SEES = {"what the network sees": reader.features, "pixels": to_features}

with st.container(horizontal=True, vertical_alignment="bottom"):
    sees = st.segmented_control(
        "Similar by", list(SEES), default=state.MAP_SEES.default, required=True, **state.MAP_SEES.widget
    )
    method = st.segmented_control(
        "Projection",
        METHODS,
        default=state.MAP_BY.default,
        required=True,
        help=explain("pca", "t-sne"),
        **state.MAP_BY.widget,
    )
    count = st.selectbox(
        "Images",
        SIZES,
        SIZES.index(state.MAP_SIZE.default),
        format_func=lambda n: f"{n:,}",
        width=120,
        **state.MAP_SIZE.widget,
    )
st.markdown(
    SENTENCES[method]
    + (
        " Here, images are similar if their activations in the network's last layer are: it was trained to separate "
        "the digits."
        if sees == "what the network sees"
        else " Here, images are similar if their pixels are. Their labels are not used."
    )
)

seen_by = reader.card.files.get("model.tflite") if sees != "pixels" else None
key = ("map", data.fingerprint, part, seen_by, method, count)
with show_errors("The map could not be computed."):
    digits = wait_for(key, "Laying out the map", partial(make_map, split.images, SEES[sees], method, count))
show_plane(Plane(digits, data, part, reader, SEES[sees]))
st.caption(f"{len(digits.places):,} of {len(split):,} images, a random sample with seed 0.")
show_functions(project, place_image, nearest)
