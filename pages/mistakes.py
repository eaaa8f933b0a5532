"""What a model misclassifies, and why."""

import streamlit as st

from digitrec.datasets.dataset import PARTS
from digitrec.glossary import explain
from digitrec.ui import state
from digitrec.ui.data import gallery
from digitrec.ui.data.choice import choose_dataset
from digitrec.ui.messages import begin_page
from digitrec.ui.mistakes.label_errors import show_suspects
from digitrec.ui.mistakes.one import show_one
from digitrec.ui.mistakes.overview import (
    evaluate_model,
    show_confidence,
    show_figures,
    show_groups,
    show_matrix,
    show_mistakes,
)
from digitrec.ui.models.choice import list_readers

VIEWS = ("Mistakes", "Groups", "Confidence", "Labels in doubt")

begin_page(
    "mistakes",
    "Mistakes",
    "Select a cell of the confusion matrix to see its images, then an image to see why it was misclassified.",
)
readers = list_readers()
row = st.container(horizontal=True, vertical_alignment="bottom")
data = choose_dataset(row)
with row:
    title = st.selectbox("Model", list(readers), width=280, **state.EXAMINED.widget)
    part = st.segmented_control(
        "Part",
        PARTS,
        default=state.EXAMINED_PART.default,
        required=True,
        help=explain("training set", "test set"),
        **state.EXAMINED_PART.widget,
    )
gallery.open_picked(data, str(part))
evaluation = evaluate_model(title, readers[title], data, str(part))
show_figures(evaluation)
view = st.segmented_control("View", VIEWS, default=state.VIEW.default, required=True, **state.VIEW.widget)
if view == "Groups":
    show_groups(evaluation)
elif view == "Confidence":
    show_confidence(evaluation)
elif view == "Labels in doubt":
    show_suspects(evaluation)
else:
    sides = st.columns([5, 6], gap="large")
    with sides[0]:
        show_matrix(evaluation)
    with sides[1]:
        show_mistakes(evaluation)
if view != "Groups":  # which shows no images to select
    show_one(evaluation)
