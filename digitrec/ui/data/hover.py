"""The image of the point under the pointer in a chart, which plotly's own hover text cannot show."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import lay_out
from digitrec.ink.image_files import to_data_url
from digitrec.ui import state

HERE = Path(__file__).parent
COLUMNS = 100  # of the sheet that the pictures are cut from

_hover = st.components.v2.component(
    "digitrec_hover",
    html='<div class="hover" hidden></div>',
    css=(HERE / "hover.css").read_text("utf-8"),
    js=(HERE / "hover.js").read_text("utf-8"),
)


def show_pictures(chart: state.Key[None], images: NDArray[np.uint8]) -> None:
    """Show an image beside each point of the chart with this key: of (n, 28, 28) uint8, the one at its `customdata`."""
    _hover(
        key=state.HOVER.of(chart.name).name,
        data={"chart": f".st-key-{chart.name}", "sheet": to_data_url(lay_out(images, COLUMNS)), "columns": COLUMNS},
    )
