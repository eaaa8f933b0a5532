"""Train a network and watch it learn."""

import streamlit as st

from digitrec.errors import DigitrecError
from digitrec.training import duration, processes, runs
from digitrec.training.keras_code import as_code
from digitrec.training.recipe import check_recipe
from digitrec.training.splits import split_for
from digitrec.ui import state
from digitrec.ui.data.sources import choose_dataset
from digitrec.ui.jobs import start_job
from digitrec.ui.messages import as_plain_text, begin_page, show_errors
from digitrec.ui.train.recipe import choose_recipe
from digitrec.ui.train.run import drawing_for, show_run
from digitrec.words import in_seconds

begin_page(
    "train",
    "Train",
    "Choose a network, press *Train*, and watch it learn. It goes on if you leave, and is here when you come back.",
)
names = runs.list_runs()
if not any(runs.read_state(runs.find(name)).is_under_way for name in names[:1]):
    processes.warm_up()  # whoever looks at this page is about to train
if problem := state.RUN_PROBLEM.pop():
    st.error(as_plain_text(problem))

with st.expander("A new training", expanded=not names, icon=":material/school:", key=state.NEW_RUN.of(len(names)).name):
    data = choose_dataset(st.container(horizontal=True, vertical_alignment="bottom"))
    recipe = choose_recipe(data)
    parts = None
    try:
        check_recipe(recipe)
        parts = split_for(recipe, data)
    except DigitrecError as error:
        st.warning(as_plain_text(str(error)), icon=":material/rule:")
    if parts is not None:
        step = duration.known_step(recipe)
        if step is None:  # measured while nobody waits; the next look at the page has it
            start_job(("speed", recipe.network, recipe.batch), lambda _: duration.measure_step(recipe))
        expected = (
            f"about {in_seconds(duration.estimate(recipe, len(parts.train), step))} on this machine"
            if step
            else "how long it takes is being measured"
        )
        st.caption(f"{len(parts.train):,} images to learn from, {len(parts.validation):,} to check with; {expected}.")
    if st.button("Train", type="primary", icon=":material/play_arrow:", disabled=parts is None):
        with show_errors("The training could not begin."):
            folder = runs.create(recipe, drawing_for(recipe))
            processes.start(folder)
        state.RUN.set(folder.name)
        st.rerun()
    with st.expander("The same in plain Keras", icon=":material/code:"):
        st.code(as_code(recipe), language="python")

if not names:
    st.info("Nothing was trained yet. *digitrec-fast* learns in seconds: press *Train*.", icon=":material/school:")
    st.stop()
if state.RUN.get() not in names:
    state.RUN.set(names[0])
chosen = st.selectbox("Run", names, width=420, **state.RUN.widget)
with show_errors("This run could not be found."):
    show_run(runs.find(chosen))
