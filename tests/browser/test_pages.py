from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import PATIENCE, Server, serve

pytestmark = pytest.mark.browser


def test_a_page_opened_first_by_its_own_address_has_the_apps_menu(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "log.txt") as fresh:
        page = browser.new_context().new_page()
        page.goto(f"{fresh.address}/network")
        expect(page.get_by_role("heading", name="The network", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("link", name="Draw", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("link", name="app", exact=True)).to_have_count(0)
        assert fresh.errors() == []
        page.context.close()


def test_the_network_page_shows_the_cards_figures(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/network")
    for title in ("Digits read correctly", "Digits it was not sure about", "No digits, and it said so"):
        expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot")).to_have_count(3, timeout=PATIENCE)
    expect(page.get_by_text("MNIST test").first).to_be_visible()
