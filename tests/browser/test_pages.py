from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from digitrec.datasets import Dataset
from tests.browser.app import PATIENCE, Server, draw, serve, settle, verdict, wait_for_canvas

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


def test_an_image_of_the_data_is_read_on_the_canvas_and_drawn_on(page: Page, server: Server, mnist: Dataset) -> None:
    page.goto(f"{server.address}/samples?digits=7&order=most+like+its+own+digit")
    cells = page.locator(".gallery button")
    expect(cells.first).to_be_visible(timeout=PATIENCE)
    assert (cells.first.get_attribute("aria-label") or "").startswith("7, number")
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="a 7")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Read this one").click()
    wait_for_canvas(page)
    assert verdict(page) == "7"
    page.get_by_role("radio", name="Eraser").click()
    page.wait_for_timeout(500)
    draw(page, [np.array([(30, y), (250, y)], np.float32) for y in (40, 65, 90)])
    settle(page)
    assert verdict(page) != "7"


def test_labels_shows_the_published_counts(page: Page, server: Server, mnist: Dataset) -> None:
    page.goto(f"{server.address}/labels")
    expect(page.get_by_text("1.24 times as often")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot").get_by_text("6,742 · 11.2%")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("name", ["labels", "samples"])
def test_the_data_pages_work_with_nothing_downloaded(browser: Browser, tmp_path: Path, name: str) -> None:
    with serve(tmp_path / "log.txt", DIGITREC_DATA=str(tmp_path)) as bare:
        page = browser.new_context().new_page()
        page.goto(f"{bare.address}/{name}")
        expect(page.get_by_text("come with digitrec")).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".js-plotly-plot, .gallery button").first).to_be_visible(timeout=PATIENCE)
        assert bare.errors() == []
        page.context.close()
