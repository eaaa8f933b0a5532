"""A page in Chromium with the reader's scripts and nothing else, and ways to hand arrays over to it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Route

from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME
from digitrec.ui.reader import client_script, reader_files, reader_spec, worker_script

ADDRESS = "http://localhost/reader"  # hashes are computed only on secure pages, and localhost counts as one
DIGITREC, NUMBERS = SHIPPED / SHIPPED_NAME, SHIPPED / NUMBERS_NAME


class ReaderPage:
    """The page; what is handed over travels as it is, since JSON of a thousand drawings would take minutes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._contents: dict[str, bytes] = {}
        page.route("http://localhost/**", self._answer)
        page.goto(ADDRESS)
        page.add_script_tag(content=worker_script())
        page.add_script_tag(content=client_script())
        self.hand_over("scripts", worker_script().encode())

    def hand_over(self, name: str, content: bytes) -> None:
        """Make bytes available as `fetch(name)`."""
        self._contents[f"/{name}"] = content

    def run(self, body: str, **values: Any) -> Any:
        """Run the body of a JavaScript function, which knows these values, and return what it returns."""
        script = f"async ({{ {', '.join(values)} }}) => {{ {FETCH}\n{body} }}"
        return self.page.evaluate(script, values)

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix("http://localhost")
        route.fulfill(
            body=self._contents.get(path, b""), content_type="text/html" if path == "/reader" else "text/plain"
        )


FETCH = """
    const bytes = async (name) => (await fetch(name)).arrayBuffer()
    const text = async (name) => (await fetch(name)).text()
    const json = async (name) => (await fetch(name)).json()"""


@contextmanager
def open_reader(browser: Browser) -> Iterator[ReaderPage]:
    """Open such a page, on which no error may happen."""
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield ReaderPage(page)
    context.close()
    assert not problems


def shipped_model() -> dict[str, Any]:
    """What a page hands to the worker to load the shipped models."""
    card, number_card = read_card(DIGITREC), read_card(NUMBERS)
    files = reader_files(DIGITREC, card) | reader_files(NUMBERS, number_card)
    return {**files, "spec": reader_spec(card, number_card)}


def as_lists(strokes: Sequence[NDArray[Any]] | None) -> list[Any] | None:
    """Strokes as JSON has them."""
    return None if strokes is None else [np.asarray(stroke, float).tolist() for stroke in strokes]


def as_json(value: Any) -> bytes:
    """The bytes of a JSON text."""
    return json.dumps(value).encode()
