"""The colours of the current theme, for what cannot use CSS."""

import streamlit as st


def text_colour() -> str:
    """The text colour of the current theme, from .streamlit/config.toml."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return str(st.get_option(f"theme.{theme}.textColor") or "gray")
