"""How far writing can be turned, shifted, thinned or noised before it is read wrongly."""

import streamlit as st

from digitrec.evaluation.robustness import CORRUPTIONS, accuracy_by_strength, corrupt, verdict_map
from digitrec.ui import state
from digitrec.ui.data.sources import choose_dataset
from digitrec.ui.messages import begin_page
from digitrec.ui.mistakes.robustness import choose_image, show_curves, show_map, show_strengths
from digitrec.ui.models.choice import list_readers
from digitrec.ui.source_code import show_functions

begin_page(
    "robustness",
    "Robustness",
    "Choose what happens to the digits, and see how much of it each model bears; below, what becomes of one drawing.",
)
readers = list_readers()
row = st.container(horizontal=True, vertical_alignment="bottom")
data = choose_dataset(row)
with row:
    titles = st.multiselect(
        "Read by", list(readers), default=list(readers)[:1], width=360, **state.ROBUST_MODELS.widget
    )
    name = st.selectbox(
        "What happens",
        list(CORRUPTIONS),
        format_func=lambda key: CORRUPTIONS[key].title,
        width=230,
        **state.CORRUPTION.widget,
    )
kind = CORRUPTIONS[name]
image, what = choose_image(data)
st.subheader("Many digits", anchor=False)
if not titles:
    st.info("Choose at least one model.", icon=":material/touch_app:")
else:
    show_curves(kind, {title: readers[title] for title in titles}, data)
show_strengths(kind, image, what)
st.subheader("One drawing, changed in two ways", anchor=False)
show_map(kind, image, what, titles[0] if titles else next(iter(readers)))
show_functions(corrupt, accuracy_by_strength, verdict_map)
