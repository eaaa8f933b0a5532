"""What a page shows where nothing was given to it yet: what will do, and something that is there to try it with."""

import streamlit as st

from digitrec.ui.state import Key


def wants_sample(key: Key[bool], text: str, icon: str, label: str) -> bool:
    """Whether the sample is wished for; until then, say what will do and offer it. `key` keeps the wish."""
    if key.get():
        return True
    st.info(text, icon=icon)
    st.button(label, icon=":material/casino:", on_click=key.set, args=(True,))
    return False
