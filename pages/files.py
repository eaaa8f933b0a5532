"""Read a file of many digits, correct by hand what was read, and take the answers along."""

import streamlit as st

from digitrec.ui.cache import classifier
from digitrec.ui.draw.files import choose_file, show_answers, show_batch
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models.choice import choose_model

begin_page(
    "files",
    "Read a file",
    "Give it a file of digits: they are read, sorted by doubt, corrected by you, and downloaded as a table.",
)
choose_model()
with show_errors("The network could not be loaded. Show this to whoever started the app."):
    reader = classifier()
upload = choose_file()
if upload is None:
    st.stop()
batch = show_batch(upload)
show_answers(upload, batch, reader)
