"""The models: a table with their figures, and the differences between some of them."""

import pandas as pd
import streamlit as st

from digitrec.errors import DigitrecError
from digitrec.evaluation.metrics import compare_predictions
from digitrec.evaluation.significance import mcnemar
from digitrec.glossary import explain
from digitrec.networks.card import Card, read_card
from digitrec.ui import state
from digitrec.ui.data.choice import choose_dataset
from digitrec.ui.messages import as_plain_text, begin_page
from digitrec.ui.models.choice import list_readers
from digitrec.ui.models.comparison import show_several
from digitrec.ui.models.table import describe, offer_to_add, restore_row, show_chosen_row
from digitrec.ui.source_code import show_functions

begin_page(
    "models",
    "Models",
    "All models and the networks of all runs. Tick one to use or download it, or several to compare them.",
)

cards: dict[str, Card] = {}
rows = []
readers = list_readers(None)
for title, folder in readers.items():
    try:
        card = read_card(folder)
        rows.append(describe(title, folder, card))
        cards[title] = card
    except (DigitrecError, OSError) as error:
        st.warning(as_plain_text(f"{title} cannot be used. {error}"), icon=":material/broken_image:")
table = st.dataframe(
    pd.DataFrame(rows),
    hide_index=True,
    on_select="rerun",
    selection_mode="multi-row",
    key=state.MODELS.of(state.MODELS_CHANGED.get()).name,  # a tick belongs to a row, and must not pass to another model
    column_config={
        "accuracy": st.column_config.NumberColumn(format="percent", help=explain("accuracy")),
        "95 % interval": st.column_config.Column(help=explain("confidence interval")),
        "parameters": st.column_config.NumberColumn(format="localized", help=explain("parameters")),
        "size (kB)": st.column_config.NumberColumn(format="localized", help="Size of the .tflite file."),
        "time per image (ms)": st.column_config.NumberColumn(format="%.2f", help="Measured now, on this machine."),
    },
)
chosen = [list(cards)[row] for row in table["selection"]["rows"] if row < len(cards)]

if problem := state.MODEL_PROBLEM.pop():
    st.error(as_plain_text(problem))
if added := state.MODEL_ADDED.pop():
    st.success(as_plain_text(f"{added} was added."), icon=":material/check:")
if deleted := state.MODEL_DELETED.get():
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(as_plain_text(f"{deleted} was deleted."))
        st.button("Undo", icon=":material/undo:", on_click=restore_row, args=(deleted,))
if len(chosen) == 1:
    show_chosen_row(chosen[0], readers[chosen[0]], cards[chosen[0]])
elif chosen:
    st.subheader(as_plain_text(", ".join(chosen)), anchor=False)
    data = choose_dataset(st.container(horizontal=True, vertical_alignment="bottom"))
    show_several({title: readers[title] for title in chosen}, {title: cards[title] for title in chosen}, data)
    show_functions(compare_predictions, mcnemar)
else:
    st.info("Tick the box to the left of one or more rows.", icon=":material/touch_app:")
offer_to_add()
