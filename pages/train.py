"""Train a network and watch it learn."""

import streamlit as st

from digitrec.errors import DigitrecError
from digitrec.training.keras_code import as_code
from digitrec.training.run_folders import processes, runs
from digitrec.training.splits import split_for
from digitrec.ui import state
from digitrec.ui.data.choice import choose_dataset
from digitrec.ui.messages import as_plain_text, begin_page, show_errors
from digitrec.ui.train.duration import describe_size
from digitrec.ui.train.recipe import choose_recipe
from digitrec.ui.train.run import drawing_for, show_run

begin_page(
    "train",
    "Train",
    "Choose a network, press *Train*, and watch it learn. The training continues if you leave this page.",
)
names = runs.list_runs()
if not any(runs.read_state(runs.find(name)).is_under_way for name in names[:1]):
    processes.warm_up()  # who opens this page is about to train
if problem := state.RUN_PROBLEM.pop():
    st.error(as_plain_text(problem))

with st.expander("New training", expanded=not names, icon=":material/school:", key=state.NEW_RUN.of(len(names)).name):
    data = choose_dataset(st.container(horizontal=True, vertical_alignment="bottom"))
    recipe, parts = None, None
    try:
        recipe = choose_recipe(data)
        parts = split_for(recipe, data)
    except DigitrecError as error:
        st.warning(as_plain_text(str(error)), icon=":material/rule:")
    if recipe is not None and parts is not None:
        st.caption(describe_size(recipe, parts))
    if st.button("Train", type="primary", icon=":material/play_arrow:", disabled=parts is None) and recipe is not None:
        with show_errors("The training could not start."):
            folder = runs.create(recipe, drawing_for(recipe))
            processes.start(folder)
        state.RUN.set(folder.name)
        st.rerun()
    if recipe is not None:
        with st.expander("This training as plain Keras code", icon=":material/code:"):
            st.code(as_code(recipe), language="python")

if not names:
    st.info("There are no runs yet. *digitrec-fast* trains in seconds: press *Train*.", icon=":material/school:")
    st.stop()
if state.RUN.get() not in names:
    state.RUN.set(names[0])
chosen = st.selectbox("Run", names, width=420, **state.RUN.widget)
with show_errors("This run could not be found."):
    show_run(runs.find(chosen))
