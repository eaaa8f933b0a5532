import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from digitrec.datasets import data_folder
from tests.browser import chromium
from tests.browser.app import SAMPLE, Server, serve
from tests.data import sample


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        message = "NO BROWSER: what people do on the page was not tested. Install Chromium or Chrome."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield chrome
        chrome.close()


@pytest.fixture(scope="session")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor of the app, who has its scripts from the first test on."""
    yield from open_context(browser)


@pytest.fixture(scope="session")
def bare_visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor of the app with nothing downloaded; not the same, as cookies do not tell ports apart."""
    yield from open_context(browser)


def open_context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context that is closed afterwards."""
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, accept_downloads=True)
    yield context
    context.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on the data folder's content and the sample; what it keeps there goes into a folder of its own."""
    folder = tmp_path_factory.mktemp("server")
    data = folder / "data"
    data.mkdir()
    for name in ("mnist", "pendigits", "qmnist"):
        if (data_folder() / name).is_dir():
            (data / name).symlink_to(data_folder().absolute() / name)
    (data / "own").mkdir()
    shutil.copy(sample.HERE / "mnist.npz", data / "own" / SAMPLE)
    with serve(folder / "log.txt", DIGITREC_DATA=str(data)) as running:
        yield running


@pytest.fixture(scope="session")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with nothing downloaded."""
    folder = tmp_path_factory.mktemp("bare")
    with serve(folder / "log.txt", DIGITREC_DATA=str(folder / "data")) as running:
        yield running


@pytest.fixture
def page(visitor: BrowserContext, server: Server) -> Iterator[Page]:
    yield from open_tab(visitor, server)


@pytest.fixture
def bare_page(bare_visitor: BrowserContext, bare_server: Server) -> Iterator[Page]:
    yield from open_tab(bare_visitor, bare_server)


def open_tab(visitor: BrowserContext, server: Server) -> Iterator[Page]:
    """A tab, and so a session, of its own, in which neither the browser nor the server may meet an error."""
    errors_before = len(server.errors())
    tab = visitor.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    yield tab
    tab.close()
    assert not problems
    assert server.errors()[errors_before:] == [], server.log.read_text("utf-8", "replace")[-5000:]
