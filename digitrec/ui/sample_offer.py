"""What a page shows before its first upload: what it accepts, and a sample to try it with."""

import streamlit as st

from digitrec.ui.state import Key


def wants_sample(key: Key[bool], text: str, icon: str, label: str) -> bool:
    """Whether the sample was asked for; until then, say what is accepted and offer the sample. `key` remembers it."""
    if key.get():
        return True
    st.info(text, icon=icon)
    st.button(label, icon=":material/casino:", on_click=key.set, args=(True,))
    return False
