"""Numbers composed of single digits: what the network that reads whole numbers learns from."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import as_paper
from digitrec.datasets.synthetic.composing import LONGEST, Number, Settings, compose
from digitrec.datasets.synthetic.number_strips import HOW, compose_strips
from digitrec.errors import DigitrecError
from digitrec.ink.strips import to_strip
from digitrec.ui.cache import number_reader, writers_of
from digitrec.ui.data.sources import choose_digits
from digitrec.ui.messages import as_plain_text, begin_page, show_errors
from digitrec.ui.models.choice import choose_number_model
from digitrec.ui.source_code import show_functions
from digitrec.ui.strip import Captioned, show_strip

SHOWN = 12
EACH, EDGE = 220, 16  # pixels: the width of a number on the page, and how much paper is left beside it
# Of each pair of sliders' ends: what it is called, the least and the most, the step, what it means.
RANGES = {
    "length": ("Digits", 1, LONGEST, 1, "how many a number has"),
    "gap": ("Gap", -0.2, 1.0, 0.02, "between neighbours along the nearest row, in heights; below 0 they overlap"),
    "pen": ("Pen", 0.03, 0.2, 0.01, "its width in heights; scans keep their own, a little thinner or thicker"),
}
SPREADS = {
    "slant": ("Slant", 0.5, 0.02, "sideways pixels per pixel up, standard deviation"),
    "size": ("Size", 0.25, 0.01, "of each digit, in heights, standard deviation"),
    "baseline": ("Baseline", 0.25, 0.01, "where each digit stands, in heights, standard deviation"),
    "turn": ("Turn", 20.0, 0.5, "of each digit, in degrees, standard deviation"),
    "stretch": ("Stretch", 0.3, 0.01, "how much wider than written, as a share, standard deviation"),
}
GAPS = {"Spaced": (0.1, 0.6), "Touching": (-0.04, 0.0), "Overlapping": (-0.12, -0.06)}


def set_gap(gap: tuple[float, float]) -> None:
    """Put the slider for gaps there."""
    st.session_state["number-gap"] = gap


def draw_again() -> None:
    """Other numbers with the same settings."""
    st.session_state["numbers_seed"] = st.session_state.get("numbers_seed", 0) + 1


def crop(number: Number) -> NDArray[np.uint8]:
    """The number with a little paper around it."""
    left, top, *_ = np.min(number.boxes, axis=0)
    *_, right, bottom = np.max(number.boxes, axis=0)
    return number.ink[max(0, top - EDGE) : bottom + EDGE, max(0, left - EDGE) : right + EDGE]


begin_page(
    "composing",
    "Composed numbers",
    "Single digits of one writer are put together to numbers whose answer is known. Move the sliders and see what a "
    "network would learn from, and what it is read as.",
)
data, part, split = choose_digits()
with st.container(horizontal=True):
    st.button("Other numbers", icon=":material/casino:", on_click=draw_again)
    for name, gap in GAPS.items():
        st.button(name, on_click=set_gap, args=(gap,))

controls, pictures = st.columns([1, 3], gap="large")
with controls:
    for name, (title, least, most, step, unit) in RANGES.items():
        start = (2, 6) if name == "length" else GAPS["Spaced"] if name == "gap" else HOW[name]
        st.slider(title, least, most, start, step, key=f"number-{name}", bind="query-params", help=unit)
    for name, (title, largest, step, unit) in SPREADS.items():
        st.slider(title, 0.0, largest, float(HOW[name]), step, key=f"number-{name}", bind="query-params", help=unit)
settings = Settings(height=(120, 160), **{name: st.session_state[f"number-{name}"] for name in (*RANGES, *SPREADS)})
seed = st.session_state.get("numbers_seed", 0)
with show_errors("The network could not be loaded."):
    reader = number_reader()

with pictures:
    try:
        numbers = list(compose(writers_of(data, part), SHOWN, settings, seed))
    except DigitrecError as error:
        st.warning(as_plain_text(str(error)), icon=":material/rule:")
        st.stop()
    read = [reader.read(number.ink).text for number in numbers]
    right = sum(one == number.text for one, number in zip(read, numbers, strict=True))
    st.markdown(f"**{right} of {SHOWN}** are read rightly.")
    choose_number_model()
    shown = []
    for number, one in zip(numbers, read, strict=True):
        ink = crop(number)
        caption = number.text if one == number.text else f":orange[{number.text}, read as {one or 'nothing'}]"
        shown.append(Captioned(as_paper(ink), caption, f"The number {number.text}, read as {one or 'nothing'}"))
    show_strip(shown, side=EACH)
    with st.expander("As the network reads the first of them", icon=":material/visibility:"):
        st.markdown(
            "A strip of 28 × 256 pixels: the ink is cut out, made 24 pixels high, and wide gaps are shortened. The "
            "network answers 64 times from left to right which digit it sees, or none."
        )
        show_strip([Captioned(as_paper(to_strip(numbers[0].ink).image), "", "The first number as a strip")], side=640)

show_functions(compose, compose_strips, to_strip)
