"""The digits on a plane, and where a drawing falls among them."""

from functools import partial

import streamlit as st

from digitrec.datasets.exploration.maps import make_map
from digitrec.datasets.exploration.neighbours import nearest
from digitrec.datasets.exploration.projection import METHODS, place, project, to_features
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import links, session_canvas
from digitrec.ui.canvas.history import lay_again
from digitrec.ui.data.map import Plane, show_plane
from digitrec.ui.data.sources import choose_digits
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.source_code import show_functions

SIZES = (1000, 3000, 5000, 10000)
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
    session_canvas.change(lay_again)
links.open_drawing()
data, part, split = choose_digits()
with show_errors("The network could not be loaded."):
    reader = classifier()
SEES = {"what the network sees": reader.features, "pixels": to_features}

with st.container(horizontal=True, vertical_alignment="bottom"):
    sees = st.segmented_control(
        "Alike by", list(SEES), default=state.MAP_SEES.default, required=True, **state.MAP_SEES.widget
    )
    method = st.segmented_control(
        "Laid out by", METHODS, default=state.MAP_BY.default, required=True, **state.MAP_BY.widget
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
        " Here images are alike where the network's last layer answers alike: it has learned to pull the digits apart."
        if sees == "what the network sees"
        else " Here images are alike where their pixels are, and nobody has told which digit each is."
    )
)

seen_by = reader.card.files.get("model.tflite") if sees != "pixels" else None
key = ("map", data.fingerprint, part, seen_by, method, count)
with show_errors("The map could not be drawn."):
    digits = wait_for(key, "Laying out the map", partial(make_map, split.images, SEES[sees], method, count))
show_plane(Plane(digits, data, part, reader, SEES[sees]))
st.caption(f"{len(digits.places):,} of {len(split):,} images, drawn at random with seed 0.")
show_functions(project, place, nearest)
