"""What a page shows where nothing was given to it yet: what will do, and something that is there to try it with."""

import streamlit as st


def wants_sample(key: str, text: str, icon: str, label: str) -> bool:
    """Whether the sample is wished for; until then, say what will do and offer it. `key` keeps the wish."""
    if st.session_state.get(key):
        return True
    st.info(text, icon=icon)
    st.button(label, icon=":material/casino:", on_click=lambda: st.session_state.update({key: True}))
    return False
