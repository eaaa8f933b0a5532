"""How a page begins, and how errors are told: a sentence on the page, the rest in the server's log."""

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
    """Show the title and the line that says what to do; True where the user has just come from another page."""
    _run_the_router()
    st.html(STYLE)
    st.title(title, anchor=False)
    st.markdown(instruction)
    arrived = state.PAGE_SHOWN.get() != name
    state.PAGE_SHOWN.set(name)
    return arrived


def _run_the_router() -> None:
    """Begin again with app.py, where Streamlit left it out.

    As long as app.py has never run, a page opened by its own address is run alone, with the menu that Streamlit makes
    of pages/: so for whoever is first, once.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def show_errors(what: str) -> Iterator[None]:
    """Turn an error into a message that begins with `what` could not be done, and stop the page there."""
    try:
        yield
    except DigitrecError as error:
        log.warning("%s", error)
        st.error(as_plain_text(f"{what} {error}"), icon=":material/error:")
        st.stop()


def text_colour() -> str:
    """The colour of text in the theme that is shown, as .streamlit/config.toml has it."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return str(st.get_option(f"theme.{theme}.textColor") or "gray")


def as_plain_text(text: str) -> str:
    """Markdown that shows `text` as it is: nothing in it becomes a link, a picture or a formula."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
