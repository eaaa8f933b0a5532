"""The models that can be read with: what each is worth, and how two of them differ."""

import pandas as pd
import streamlit as st

from digitrec.errors import DigitrecError
from digitrec.evaluation import compare, mcnemar
from digitrec.registry import Card, list_models, read_card
from digitrec.ui.functions import show_functions
from digitrec.ui.messages import as_plain_text, begin_page
from digitrec.ui.models import describe, get_back, show_one, show_two
from digitrec.ui.sources import choose_dataset

begin_page(
    "models",
    "Models",
    "Every network that can be read with. Choose one to use, download or rename it, or two to compare them.",
)


cards: dict[str, Card] = {}
rows = []
for name, folder in list_models().items():
    try:
        card = read_card(folder)
        rows.append(describe(name, folder, card))
        cards[name] = card
    except (DigitrecError, OSError) as error:
        st.warning(as_plain_text(f"{name} cannot be used. {error}"), icon=":material/broken_image:")
table = st.dataframe(
    pd.DataFrame(rows),
    hide_index=True,
    on_select="rerun",
    selection_mode="multi-row",
    key="models",
    column_config={
        "read": st.column_config.NumberColumn(format="percent"),
        "time per read (ms)": st.column_config.NumberColumn(format="%.2f"),
    },
)
chosen = [list(cards)[row] for row in table["selection"]["rows"] if row < len(cards)]


if problem := st.session_state.pop("model_problem", None):
    st.error(as_plain_text(problem))
if deleted := st.session_state.get("deleted"):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(as_plain_text(f"{deleted} was deleted."))
        st.button("Undo", icon=":material/undo:", on_click=get_back, args=(deleted,))
if len(chosen) == 1:
    show_one(chosen[0], cards[chosen[0]])
elif len(chosen) == 2:
    st.subheader(as_plain_text(" and ".join(chosen)), anchor=False)
    data = choose_dataset(st.container(horizontal=True, vertical_alignment="bottom"))
    show_two({name: cards[name] for name in chosen}, data)
    show_functions(compare, mcnemar)
else:
    st.info(
        "Tick one row to use or download it, two to compare them. Networks trained on the Train page are here once "
        "they are kept.",
        icon=":material/touch_app:",
    )
