"""The Composed numbers page: its settings, the numbers, and what each is read as."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from digitrec.charts.pictures import as_paper
from digitrec.datasets.synthetic.composing import LONGEST, Number, Settings
from digitrec.datasets.synthetic.number_strips import TRAINING
from digitrec.ink.strips import to_strip
from digitrec.ui import state
from digitrec.ui.models.choice import choose_number_model
from digitrec.ui.strip import Captioned, show_strip

SIDE, EDGE = 220, 16  # pixels: the width of a number on the page, and the margin around it
GAPS = {"Spaced": (0.1, 0.6), "Touching": (-0.04, 0.0), "Overlapping": (-0.12, -0.06)}
# Of each slider with two ends: its title, minimum, maximum, initial value, step and help.
RANGES: dict[str, tuple[str, Any, Any, Any, Any, str]] = {
    "length": ("Digits", 1, LONGEST, (2, 6), 1, "Digits per number."),
    "gap": (
        "Gap", -0.2, 1.0, GAPS["Spaced"], 0.02,
        "Between neighbouring digits where they are closest, in digit heights. Below 0 they overlap.",
    ),
    "pen": (
        "Stroke width", 0.03, 0.2, TRAINING["pen"], 0.01,
        "In digit heights. Scanned digits keep their own stroke width, slightly varied.",
    ),
}  # fmt: skip
SPREADS = {
    "slant": ("Slant", 0.5, 0.02, "Standard deviation, in pixels sideways per pixel up."),
    "size": ("Size", 0.25, 0.01, "Standard deviation of the digits' heights, as a fraction."),
    "baseline": ("Baseline", 0.25, 0.01, "Standard deviation of the digits' vertical position, in digit heights."),
    "turn": ("Rotation", 20.0, 0.5, "Standard deviation, in degrees, of each digit."),
    "stretch": ("Stretch", 0.3, 0.01, "Standard deviation of the digits' widths, as a fraction."),
}


def show_buttons() -> None:
    """Buttons for new numbers and preset gaps."""
    with st.container(horizontal=True):
        st.button("New numbers", icon=":material/casino:", on_click=_draw_again)
        for name, gap in GAPS.items():
            st.button(name, on_click=state.COMPOSED.of("gap").set, args=(gap,))


def _draw_again() -> None:
    state.COMPOSED_SEED.set(state.COMPOSED_SEED.get() + 1)


def choose_settings() -> Settings:
    """A slider for each setting of composed numbers."""
    chosen: dict[str, Any] = {}
    for name, (title, least, most, start, step, unit) in RANGES.items():
        chosen[name] = st.slider(title, least, most, start, step, help=unit, **state.COMPOSED.of(name).widget)
    for name, (title, largest, step, unit) in SPREADS.items():
        key = state.COMPOSED.of(name)
        chosen[name] = st.slider(title, 0.0, largest, float(TRAINING[name]), step, help=unit, **key.widget)
    return Settings(height=(120, 160), **chosen)


def show_numbers(numbers: Sequence[Number], read: Sequence[str]) -> None:
    """The numbers, and what each was read as."""
    correct = sum(one == number.text for one, number in zip(read, numbers, strict=True))
    st.markdown(f"**{correct} of {len(numbers)}** are read correctly.")
    choose_number_model()
    show_strip([_captioned(number, one) for number, one in zip(numbers, read, strict=True)], side=SIDE)
    with st.expander("What the network sees of the first number", icon=":material/visibility:"):
        st.markdown(
            "A strip of 28 × 256 pixels: the ink is cropped and scaled to a height of 24 pixels, and wide gaps are "
            "shortened. At 64 places from left to right, the network says which digit it sees there, or none."
        )
        show_strip([Captioned(as_paper(to_strip(numbers[0].ink).image), "", "The first number as a strip")], side=640)


def _captioned(number: Number, read: str) -> Captioned:
    caption = number.text if read == number.text else f":orange[{number.text}, read as {read or 'nothing'}]"
    alt = f"The number {number.text}, read as {read or 'nothing'}"
    return Captioned(as_paper(number.crop(EDGE)), caption, alt)
