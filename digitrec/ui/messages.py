"""The head of each page, and error messages: a sentence on the page, details in the server's log."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from digitrec.errors import DigitrecError
from digitrec.ui import state

log = logging.getLogger("digitrec")

STYLE = Path(__file__).parent / "page.css"


def begin_page(name: str, title: str, instruction: str) -> bool:
    """Show the title and the instruction; returns whether the user has just come from another page."""
    _run_the_router()
    st.html(STYLE)
    st.title(title, anchor=False)
    st.markdown(instruction)
    arrived = state.PAGE_SHOWN.get() != name
    state.PAGE_SHOWN.set(name)
    return arrived


def _run_the_router() -> None:
    """Rerun through app.py, if Streamlit has skipped it.

    Until app.py has run once, Streamlit runs a page that is opened by its address without app.py, with a menu made from
    pages/. This concerns only the first visitor.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def show_errors(what: str) -> Iterator[None]:
    """Show a DigitrecError as a message that begins with `what`, a sentence on what failed, and stop the page."""
    try:
        yield
    except DigitrecError as error:
        log.warning("%s", error)
        st.error(as_plain_text(f"{what} {error}"), icon=":material/error:")
        st.stop()


def text_colour() -> str:
    """The text colour of the current theme, from .streamlit/config.toml."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return str(st.get_option(f"theme.{theme}.textColor") or "gray")


def as_plain_text(text: str) -> str:
    """Escape `text`, so that Markdown shows it unchanged, without links, pictures or formulas."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
