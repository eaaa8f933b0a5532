"""How a page begins, and how errors are shown: a sentence on the page, the rest in the server's log."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from digitrec.errors import DigitrecError
from digitrec.glossary import explain
from digitrec.ui import state

log = logging.getLogger("digitrec")

STYLE = Path(__file__).parent / "page.css"


def begin_page(name: str, title: str, instruction: str, *, term: str | None = None) -> bool:
    """Show the title, with a term of the glossary as its help, and the line that says what to do.

    True where the user has just come from another page.
    """
    _run_the_router()
    st.html(STYLE)
    st.title(title, anchor=False, help=None if term is None else explain(term))
    st.markdown(instruction)
    arrived = state.PAGE_SHOWN.get() != name
    state.PAGE_SHOWN.set(name)
    return arrived


def _run_the_router() -> None:
    """Run app.py first, where Streamlit skipped it.

    Until app.py has run once, Streamlit runs a page that is opened by its own address alone, with a menu made from
    pages/. Only the first visitor meets this.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def show_errors(what: str) -> Iterator[None]:
    """Turn an error into a message that begins with `what`, the sentence that says what failed; stop the page there."""
    try:
        yield
    except DigitrecError as error:
        log.warning("%s", error)
        st.error(as_plain_text(f"{what} {error}"), icon=":material/error:")
        st.stop()


def as_plain_text(text: str) -> str:
    """Escape `text` for Markdown, so that nothing in it becomes a link, an image or a formula."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
