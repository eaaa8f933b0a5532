"""How strongly digits can be rotated, shifted, thinned or covered in noise before they are misclassified."""

import streamlit as st

from digitrec.evaluation.robustness import CORRUPTIONS, accuracy_by_strength, corrupt, verdict_map
from digitrec.glossary import explain
from digitrec.ui import state
from digitrec.ui.data.choice import choose_dataset
from digitrec.ui.messages import begin_page
from digitrec.ui.mistakes.robustness import choose_image, show_curves, show_map, show_strengths
from digitrec.ui.models.choice import list_readers
from digitrec.ui.source_code import show_functions

begin_page(
    "robustness",
    "Robustness",
    "Choose a corruption and see how much of it each model tolerates, over many images and on one of them.",
    term="robustness",
)
readers = list_readers()
row = st.container(horizontal=True, vertical_alignment="bottom")
data = choose_dataset(row)
with row:
    titles = st.multiselect("Models", list(readers), default=list(readers)[:1], width=360, **state.ROBUST_MODELS.widget)
    name = st.selectbox(
        "Corruption",
        list(CORRUPTIONS),
        format_func=lambda key: CORRUPTIONS[key].title,
        width=230,
        help=explain("corruption"),
        **state.CORRUPTION.widget,
    )
kind = CORRUPTIONS[name]
image, what = choose_image(data)
st.subheader("Accuracy by strength", anchor=False, help=explain("accuracy", "confidence interval"))
if not titles:
    st.info("Choose at least one model.", icon=":material/touch_app:")
else:
    show_curves(kind, {title: readers[title] for title in titles}, data)
show_strengths(kind, image, what)
st.subheader("One image under two corruptions", anchor=False)
show_map(kind, image, what, titles[0] if titles else next(iter(readers)))
show_functions(corrupt, accuracy_by_strength, verdict_map)
