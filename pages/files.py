"""Read a file of many digits, correct the results by hand, and download them."""

import streamlit as st

from digitrec.ui.cache import classifier
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models.choice import choose_model
from digitrec.ui.upload.files import choose_file, show_answers, show_batch

begin_page(
    "files",
    "Read a file",
    "Upload a file of digits. They are read and sorted by confidence: correct what is wrong, then download the table.",
)
choose_model()
with show_errors("The model could not be loaded. Show this message to the person who runs the app."):
    reader = classifier()
upload = choose_file()
if upload is None:
    st.stop()
batch = show_batch(upload)
show_answers(upload, batch, reader)
