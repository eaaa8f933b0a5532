"""The Draw page while its server is busy, and while it is gone: numbers, which the server reads."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import ONE, PATIENCE, SEVEN, Server, draw, open_draw, press, serve, settle, wait_for_canvas

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be halted on this platform"),
]
LONG = 4.0  # seconds without an answer


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "log.txt") as running:
        yield running


@contextmanager
def halted(server: Server) -> Iterator[None]:
    """The server keeps its connections and answers nothing."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def open_wide(page: Page, server: Server) -> None:
    """Open the Draw page with the canvas for numbers."""
    page.goto(f"{server.address}/?writing=A+number")
    wait_for_canvas(page)


def sent(page: Page) -> int:
    """How many pictures the companion has sent."""
    return int(page.locator(".live").get_attribute("data-sent") or 0)


def test_a_busy_server_gets_each_picture_once_and_then_the_newest(browser: Browser, own_server: Server) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    open_wide(page, own_server)
    before = sent(page)
    with halted(own_server):
        draw(page, ONE)
        time.sleep(LONG)
        draw(page, [stroke + np.array([150, 0], np.float32) for stroke in ONE])
        time.sleep(0.5)
        assert sent(page) == before + 1, "a picture was sent again"
    settle(page)
    assert sent(page) <= before + 3, "more pictures than answers"
    expect(page.locator('[data-part="number"]')).to_have_text("11", timeout=PATIENCE)
    page.close()


def test_a_server_that_is_back_reads_what_is_drawn_then(browser: Browser, own_server: Server, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    open_wide(page, own_server)
    with halted(own_server):
        draw(page, ONE)
        time.sleep(0.5)
        own_server.process.kill()  # with a picture on its way
    own_server.process.wait(10)
    page.wait_for_selector('[data-test-connection-state]:not([data-test-connection-state="CONNECTED"])')
    with serve(tmp_path / "again.txt", port=own_server.port):
        page.wait_for_selector('[data-test-connection-state="CONNECTED"]', timeout=PATIENCE)
        settle(page)
        draw(page, [stroke + np.array([300, 0], np.float32) for stroke in SEVEN])
        settle(page)
        expect(page.locator('[data-part="number"]')).to_have_text(re.compile("7$"), timeout=PATIENCE)
        page.close()


def test_the_tabs_follow_the_drawing_once_it_rests(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    tabs = page.locator(".st-key-details, [data-testid='stTabs']").last
    expect(tabs.get_by_text("to see how it is read")).to_be_visible(timeout=PATIENCE)
    draw(page, SEVEN)
    expect(tabs.get_by_text("From the image alone: 7")).to_be_visible(timeout=PATIENCE)
    press(page, "Clear")
    expect(tabs.get_by_text("to see how it is read")).to_be_visible(timeout=PATIENCE)
    press(page, "Undo")
    expect(tabs.get_by_text("From the image alone: 7")).to_be_visible(timeout=PATIENCE)
