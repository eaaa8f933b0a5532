"""The source code of the functions that a page has called, shown on the page."""

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from digitrec.ui import state


def show_functions(*functions: Callable[..., Any]) -> None:
    """Show the source of these functions in an expander, which is closed at first."""
    key = state.CODE.of(*(function.__name__ for function in functions))
    box = st.expander("The code that computed this", icon=":material/code:", on_change="rerun", **key.widget)
    if not box.open:
        return
    with box:
        for function in functions:
            st.caption(f"`{function.__name__}` in `{function.__module__}`")
            st.code(inspect.getsource(function), language="python")
