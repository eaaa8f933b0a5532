"""digitrec: the router. Each page is a short script in pages/."""

import streamlit as st

from digitrec.ui import ICON
from digitrec.ui.process import settle


def open_canvas() -> None:
    """Redirect /draw to /, query parameters included: Streamlit serves the default page only there."""
    st.switch_page("pages/draw.py", query_params=st.query_params.to_dict())


st.set_page_config(page_title="digitrec", page_icon=ICON, layout="wide")
page = st.navigation(
    {
        "": [
            st.Page("pages/draw.py", url_path="canvas", title="Draw", icon=":material/draw:", default=True),
            st.Page(open_canvas, url_path="draw", title="Draw", visibility="hidden"),
            st.Page("pages/photograph.py", title="Photograph", icon=":material/photo_camera:"),
            st.Page("pages/files.py", title="Read a file", icon=":material/table:"),
            st.Page("pages/train.py", title="Train", icon=":material/school:"),
            st.Page("pages/mistakes.py", title="Mistakes", icon=":material/troubleshoot:"),
            st.Page("pages/robustness.py", title="Robustness", icon=":material/exercise:"),
            st.Page("pages/models.py", title="Models", icon=":material/inventory_2:"),
            st.Page("pages/network.py", title="The network", icon=":material/hub:"),
        ],
        "Data": [
            st.Page("pages/labels.py", title="Labels", icon=":material/bar_chart:"),
            st.Page("pages/samples.py", title="Samples", icon=":material/grid_view:"),
            st.Page("pages/pixels.py", title="Pixels", icon=":material/grid_on:"),
            st.Page("pages/map.py", title="Map", icon=":material/scatter_plot:"),
            st.Page("pages/augmentation.py", title="Augmentation", icon=":material/auto_awesome_motion:"),
            st.Page("pages/composing.py", title="Composed numbers", icon=":material/pin:"),
        ],
    },
    position="top",
)
try:
    page.run()
finally:  # pages may end with st.stop
    settle()
