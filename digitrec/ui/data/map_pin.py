"""A pin on a chart that moves without redrawing the chart: the position of a drawing while the pen moves."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.ui import state

HERE = Path(__file__).parent

_pin = st.components.v2.component(
    "digitrec_pin",
    html='<div class="digitrec-pin" role="img" hidden></div>',
    css=(HERE / "map_pin.css").read_text("utf-8"),
    js=(HERE / "map_pin.js").read_text("utf-8"),
    isolate_styles=False,  # the pin moves into the chart, where a component's own styles do not reach
)


def show_pin(chart: state.Key[None], position: NDArray[np.float32] | None, label: str, meaning: str) -> None:
    """Put a pin with a short label on the plotly chart in the container of this key, at (2,) axis values; None: none.

    `meaning` is its accessible name.
    """
    at = None if position is None else position.tolist()
    _pin(
        key=state.PIN.of(chart.name).name,
        data={"chart": f".st-key-{chart.name}", "at": at, "label": label, "meaning": meaning},
    )
