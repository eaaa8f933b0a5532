"""digitrec: the router. Each page is a short script in pages/."""

import streamlit as st

st.set_page_config(page_title="digitrec", page_icon=":material/draw:", layout="wide")
st.navigation([st.Page("pages/draw.py", title="Draw", icon=":material/draw:", default=True)]).run()
