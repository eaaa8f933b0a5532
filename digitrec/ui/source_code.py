"""The source code of the functions that a page has called, and of the scripts that it runs, shown on the page."""

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from digitrec.ui import state
from digitrec.ui.reader import read_script


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


def show_scripts(title: str, *names: str) -> None:
    """Show scripts of the browser's reader, such as "layers", in an expander, which is closed at first."""
    box = st.expander(title, icon=":material/code:", on_change="rerun", **state.CODE.of("script", *names).widget)
    if not box.open:
        return
    with box:
        for name in names:
            st.caption(f"`{name}.js` in `digitrec.ui.reader`")
            st.code(read_script(name), language="javascript")
