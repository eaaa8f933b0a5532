"""Read the digits in a photograph or a scan."""

import streamlit as st

from digitrec.ui.cache import classifier, number_reader
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models.choice import choose_model
from digitrec.ui.upload.photograph import choose_picture, show_page

begin_page(
    "photograph",
    "Read a photograph",
    "Upload, take or paste a picture of a page with digits. Each digit is found, boxed and read, row by row.",
)
choose_model()
with show_errors("The model could not be loaded. Show this message to the person who runs the app."):
    reader, numbers = classifier(), number_reader()
picture = choose_picture()
if picture is None:
    st.stop()
show_page(picture, reader, numbers)
