"""The Samples page: which images to look through, and one of them in full."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.data import numbers
from digitrec.datasets import Dataset, Split
from digitrec.datasets.exploration.neighbours import nearest_by_pixels
from digitrec.datasets.exploration.properties import describe_properties
from digitrec.datasets.exploration.selection import ORDERS, select
from digitrec.ui import state
from digitrec.ui.canvas.links import image_link
from digitrec.ui.data import gallery
from digitrec.ui.data.sources import choose_writer

SHOWN, NEIGHBOURS = (50, 100, 200, 500), 20
WIDTH = 760  # pixels, at which 28 numbers of three figures can be read


def choose_places(split: Split, measured: pd.DataFrame) -> NDArray[np.intp]:
    """Let the user choose which images to look through, and in which order; `choose_per_page` stands beside it."""
    digits = st.pills(
        "Digits",
        range(10),
        selection_mode="multi",
        help="None chosen: all of them.",
        **state.DIGITS.widget,
    )
    order = st.selectbox("Order", ORDERS, width=240, **state.ORDER.widget)
    seed = st.number_input("Seed", 0, 9999, 0, disabled=order != "random", width=120, **state.SEED.widget)
    writer = choose_writer(split)
    return select(split, measured, digits=digits, writer=writer, order=order, seed=seed)


def choose_per_page() -> int:
    """Let the user choose how many images a page shows."""
    return st.selectbox("Shown at once", SHOWN, SHOWN.index(state.SHOWN.default), width=120, **state.SHOWN.widget)


def show_in_full(data: Dataset, part: str, split: Split, place: int, facts: pd.Series) -> None:
    """One image: its numbers, what was measured of it, and the images most similar to it."""
    image = split.images[place]
    st.subheader(f"Number {place:,}: a {split.labels[place]}", anchor=False)
    link = image_link(data.name, part, place)
    st.page_link("pages/draw.py", label="Read this one", icon=":material/draw:", query_params=link)
    st.markdown("What the network gets of it: 28 × 28 numbers from 0, paper, to 255, ink.")
    with st.container(key=state.NUMBERS.name):
        alt = f"The image's 784 numbers in 28 rows; {(image > 0).sum()} of them are not 0."
        st.plotly_chart(numbers(image), width=WIDTH, config={"displayModeBar": False}, alt=alt)
    st.markdown(describe_properties(facts))
    st.markdown("**The most similar images**, itself first, by the difference of their pixels:")
    near = nearest_by_pixels(split.images, image, NEIGHBOURS + 1)
    gallery.show_places(data, part, near, state.NEIGHBOURS)
