"""The Samples page: the images to show, and one of them in full."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.data import numbers
from digitrec.datasets import Dataset, Split
from digitrec.datasets.exploration.neighbours import nearest_by_pixels
from digitrec.datasets.exploration.properties import describe_properties
from digitrec.datasets.exploration.selection import ORDERS, select
from digitrec.glossary import explain
from digitrec.ui import state
from digitrec.ui.canvas.links import image_link
from digitrec.ui.data import gallery
from digitrec.ui.data.choice import choose_writer
from digitrec.words import with_article

NEIGHBOURS = 20
WIDTH = 760  # pixels, at which 28 numbers of three digits are legible


def choose_places(split: Split, measured: pd.DataFrame) -> NDArray[np.intp]:
    """On the Samples page: let the user choose which images to show, and in which order."""
    digits = st.pills(
        "Digits",
        range(10),
        selection_mode="multi",
        help="If none is selected, all are shown.",
        **state.DIGITS.widget,
    )
    order = st.selectbox("Order", ORDERS, width=240, **state.ORDER.widget)
    seed = st.number_input("Seed", 0, 9999, 0, disabled=order != "random", width=120, **state.SEED.widget)
    writer = choose_writer(split)
    return select(split, measured, digits=digits, writer=writer, order=order, seed=seed)


def show_in_full(data: Dataset, part: str, split: Split, place: int, facts: pd.Series) -> None:
    """On the Samples page: one image with its pixel values, properties, and nearest neighbours."""
    image = split.images[place]
    st.subheader(f"Image {place:,}: {with_article(int(split.labels[place]))}", anchor=False)
    link = image_link(data.name, part, place)
    st.page_link("pages/draw.py", label="Open on the canvas", icon=":material/draw:", query_params=link)
    st.markdown("The input of the network: 28 × 28 pixel values, from 0 (background) to 255 (ink).")
    with st.container(key=state.NUMBERS.name):
        alt = f"The image's 784 pixel values in 28 rows; {(image > 0).sum()} of them are not 0."
        st.plotly_chart(numbers(image), width=WIDTH, config={"displayModeBar": False}, alt=alt)
    st.markdown(describe_properties(facts))
    st.markdown("**Nearest neighbours** by pixel values, the image itself first:", help=explain("nearest neighbours"))
    near = nearest_by_pixels(split.images, image, NEIGHBOURS + 1)
    gallery.show_places(data, part, near, state.NEIGHBOURS)
