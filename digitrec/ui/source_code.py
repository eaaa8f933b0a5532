"""The functions behind a page, shown on it: the very code that ran."""

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st


def show_functions(*functions: Callable[..., Any]) -> None:
    """Offer the source of these functions, closed until it is asked for."""
    key = "code-" + "-".join(function.__name__ for function in functions)
    box = st.expander("The code that computed this", icon=":material/code:", key=key, on_change="rerun")
    if not box.open:
        return
    with box:
        for function in functions:
            st.caption(f"`{function.__name__}` in `{function.__module__}`")
            st.code(inspect.getsource(function), language="python")
