"""The empty state of a page: what it accepts, and a button to try it with a sample."""

import streamlit as st

from digitrec.ui.state import Key


def wants_sample(key: Key[bool], text: str, icon: str, label: str) -> bool:
    """Whether the user has chosen the sample, which `key` stores; if not, show `text` and offer it."""
    if key.get():
        return True
    st.info(text, icon=icon)
    st.button(label, icon=":material/casino:", on_click=key.set, args=(True,))
    return False
