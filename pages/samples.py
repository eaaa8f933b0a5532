"""Look through the images of a dataset."""

import streamlit as st

from digitrec.datasets.exploration.neighbours import nearest_by_pixels
from digitrec.datasets.exploration.properties import measure_images
from digitrec.datasets.exploration.selection import select
from digitrec.ui import state
from digitrec.ui.cache import properties
from digitrec.ui.data import gallery
from digitrec.ui.data.choice import choose_digits
from digitrec.ui.data.gallery import choose_per_page
from digitrec.ui.data.samples import choose_places, show_in_full
from digitrec.ui.messages import begin_page
from digitrec.ui.source_code import show_functions

begin_page(
    "samples",
    "Samples",
    "Look through the images, and select one to see its pixels and its nearest neighbours.",
)
data, part, split = choose_digits()
measured = properties(data, part)
with st.container(horizontal=True, vertical_alignment="bottom"):
    places = choose_places(split, measured)
    per_page = choose_per_page()
if not len(places):
    st.info("There are no such images. Choose another writer or other digits.", icon=":material/search_off:")
shown = gallery.turn_pages(state.PAGE, places, per_page)
gallery.open_picked(data, part)
gallery.show_places(data, part, shown, state.GALLERY)
st.caption(f"{len(places):,} of {len(split):,} images.")
picked = gallery.picked_place(data, part)
if picked is None:
    st.info(
        "Select an image to see its pixels and its nearest neighbours, or to open it on the canvas.",
        icon=":material/touch_app:",
    )
else:
    show_in_full(data, part, split, picked, measured.iloc[picked])
show_functions(select, measure_images, nearest_by_pixels)
