"""Read the digits on a photograph or a scan."""

import streamlit as st

from digitrec.ui.cache import classifier, number_reader
from digitrec.ui.draw.photograph import choose_picture, show_page
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models.choice import choose_model

begin_page(
    "photograph",
    "Read a photograph",
    "Choose, take or paste a picture of a page with digits: each is found, boxed and read, row by row.",
)
choose_model()
with show_errors("The network could not be loaded. Show this to whoever started the app."):
    reader, numbers = classifier(), number_reader()
picture = choose_picture()
if picture is None:
    st.stop()
show_page(picture, reader, numbers)
