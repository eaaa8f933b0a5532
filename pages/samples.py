"""Look through the images that a network learns from."""

import streamlit as st

from digitrec.charts.data import numbers
from digitrec.datasets.exploration.neighbours import nearest_by_pixels
from digitrec.datasets.exploration.properties import measure_images
from digitrec.datasets.exploration.selection import ORDERS, select
from digitrec.ui.cache import properties
from digitrec.ui.canvas.links import image_link
from digitrec.ui.data import gallery
from digitrec.ui.data.sources import choose_digits, choose_writer
from digitrec.ui.messages import begin_page
from digitrec.ui.source_code import show_functions

SHOWN, NEIGHBOURS = (50, 100, 200, 500), 20

NUMBERS = 760  # pixels, at which 28 numbers of three figures can be read

begin_page(
    "samples",
    "Samples",
    "Look through the digits until you know them, and pick one to see it in full.",
)
data, part, split = choose_digits()
measured = properties(data, part)

with st.container(horizontal=True, vertical_alignment="bottom"):
    digits = st.pills(
        "Digits",
        range(10),
        selection_mode="multi",
        key="digits",
        persist_state="session",
        bind="query-params",
        help="None chosen: all of them.",
    )
    order = st.selectbox("Order", ORDERS, key="order", persist_state="session", bind="query-params", width=240)
    seed = st.number_input("Seed", 0, 9999, 0, key="seed", bind="query-params", disabled=order != "random", width=120)
    writer = choose_writer(split)
    per_page = st.selectbox(
        "Shown at once", SHOWN, 1, key="shown", persist_state="session", bind="query-params", width=120
    )

places = select(split, measured, digits=digits, writer=writer, order=order, seed=seed)
pages = max(1, -(-len(places) // per_page))
if not len(places):
    st.info("Nobody wrote such a digit here. Choose another writer, or more digits.", icon=":material/search_off:")
page = gallery.choose_page("page", pages)

gallery.open_picked(data, part)
gallery.show_places(data, part, places[(page - 1) * per_page : page * per_page], "gallery")
st.caption(f"{len(places):,} of {len(split):,} digits.")
picked = gallery.picked_place(data, part)
if picked is None:
    st.info("Pick an image to see its numbers and its neighbours, or to read it.", icon=":material/touch_app:")
    show_functions(select, measure_images)
    st.stop()

image, facts = split.images[picked], measured.iloc[picked]
st.subheader(f"Number {picked:,}: a {split.labels[picked]}", anchor=False)
link = image_link(data.name, part, picked)
st.page_link("pages/draw.py", label="Read this one", icon=":material/draw:", query_params=link)
st.markdown("What the network gets of it: 28 × 28 numbers from 0, paper, to 255, ink.")
with st.container(key="numbers"):  # which can be scrolled sideways on a phone
    alt = f"The image's 784 numbers in 28 rows; {(image > 0).sum()} of them are not 0."
    st.plotly_chart(numbers(image), width=NUMBERS, config={"displayModeBar": False}, alt=alt)
st.markdown(
    f"Ink covers {facts['ink']:.0%} of the picture, the strokes are {facts['width']:.1f} pixels wide, and it leans "
    f"{abs(facts['slant']):.0f}° to the {'right' if facts['slant'] > 0 else 'left'}."
)
st.markdown("**The most similar images**, itself first, by the difference of their pixels:")
gallery.show_places(data, part, nearest_by_pixels(split.images, image, NEIGHBOURS + 1), "neighbours")
show_functions(select, measure_images, nearest_by_pixels)
