import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from digitrec.datasets import load_dataset
from digitrec.datasets.exploration.pixels import separating_pixel
from tests.browser.app import PATIENCE, SAMPLE, Server, draw, serve, settle, verdict, wait_for_canvas
from tests.data import sample

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


def test_the_canvas_is_found_by_its_name_too(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/draw?image=uci-test-0")
    wait_for_canvas(page)
    expect(page).to_have_url(re.compile(rf"^{server.address}/\?image=uci-test-0$"), timeout=PATIENCE)
    expect(page.locator('[data-part="shown"]')).to_have_text(str(load_dataset("uci").test.labels[0]), timeout=PATIENCE)
    expect(page.get_by_role("link", name="Draw", exact=True)).to_have_count(1)
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_the_network_page_shows_the_cards_figures(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/network")
    for title in ("Accuracy", "Digits rejected", "Non-digits rejected"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot")).to_have_count(10, timeout=PATIENCE)
    expect(page.get_by_text("MNIST test").first).to_be_visible()


def test_an_image_of_the_data_is_read_on_the_canvas_and_drawn_on(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/samples?source={SAMPLE}&digits=7&order=most+like+its+own+digit")
    cells = page.locator(".gallery button")
    expect(cells.first).to_be_visible(timeout=PATIENCE)
    assert (cells.first.get_attribute("aria-label") or "").startswith("7, image")
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="a 7")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Open on the canvas").click()
    wait_for_canvas(page)
    assert verdict(page) == "7"
    page.get_by_role("radio", name="Eraser").click()
    page.wait_for_timeout(500)
    draw(page, [np.array([(30, y), (250, y)], np.float32) for y in (40, 60, 80, 100, 120)])
    settle(page)
    assert verdict(page) != "7"


@pytest.mark.full_data
def test_labels_shows_the_published_counts(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/labels")
    expect(page.get_by_text("1.24 times as often")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot").get_by_text("6,742 · 11.2%")).to_be_visible(timeout=PATIENCE)


PAGES = {
    "labels": ".js-plotly-plot",
    "samples": ".gallery button",
    "pixels": ".js-plotly-plot",
    "map": ".js-plotly-plot",
    "augmentation": "img",
    "composing": "img",
}


@pytest.mark.parametrize(("name", "shown"), PAGES.items())
def test_the_data_pages_work_with_nothing_downloaded(
    bare_page: Page, bare_server: Server, name: str, shown: str
) -> None:
    bare_page.goto(f"{bare_server.address}/{name}")
    expect(bare_page.get_by_text("come with digitrec")).to_be_visible(timeout=PATIENCE)
    expect(bare_page.locator(shown).first).to_be_visible(timeout=3 * PATIENCE)


@pytest.mark.full_data
@pytest.mark.parametrize(("name", "shown"), PAGES.items())
def test_the_data_pages_show_mnist(page: Page, server: Server, name: str, shown: str) -> None:
    page.goto(f"{server.address}/{name}")
    expect(page.get_by_text("60,000 training images")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(shown).first).to_be_visible(timeout=3 * PATIENCE)  # t-SNE takes its time beside other tests


def test_a_bundled_digit_is_read_on_the_canvas(bare_page: Page, bare_server: Server) -> None:
    bare_page.goto(f"{bare_server.address}/samples?digits=3&order=most+like+its+own+digit")
    bare_page.locator(".gallery button").first.click()
    bare_page.get_by_role("link", name="Open on the canvas").click()
    wait_for_canvas(bare_page)
    assert verdict(bare_page) == "3"


def test_what_was_chosen_is_in_the_address_and_opens_again(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/labels?source={SAMPLE}")
    page.get_by_role("combobox").first.click(timeout=PATIENCE)
    page.get_by_role("option", name="UCI digits").click()
    page.get_by_role("radio", name="test").click()
    expect(page.get_by_text("450 test images")).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_text("450 test images")).to_be_visible(timeout=PATIENCE)
    counts = np.bincount(load_dataset("uci").test.labels)
    expect(page.locator(".js-plotly-plot").get_by_text(f"{counts[8]} · ")).to_be_visible(timeout=PATIENCE)


def test_pixels_compares_the_digits_chosen(page: Page, server: Server) -> None:
    train = sample.load_mnist().train
    page.goto(f"{server.address}/pixels?source={SAMPLE}&first=3&second=8&scaling=Standardised")
    telling = separating_pixel(train.images, train.labels, 3, 8)
    expect(page.get_by_text(f"in row {telling.row}, column {telling.column}")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(f"{(train.images == 0).all(axis=0).sum()} of 784 pixels")).to_be_visible()
    low, high = (np.array([0, 255]) - train.images.mean()) / train.images.std()
    expect(page.get_by_text(f"{low:.4g} to {high:.4g}")).to_be_visible()


def test_augmentation_goes_from_nothing_to_too_much(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/augmentation")
    page.get_by_role("button", name="None").click(timeout=PATIENCE)
    expect(page.get_by_role("slider", name="Rotation")).to_have_value("0", timeout=PATIENCE)
    expect(page.get_by_text("100 %")).to_be_visible(timeout=PATIENCE)
    sources = """[...document.querySelectorAll('img[alt^="A variation"]')].map(i => i.src)"""
    different = f"count => new Set({sources}).size === count"
    expect(page.get_by_alt_text("A variation, classified as")).to_have_count(24)
    page.wait_for_function(different, arg=1)
    page.get_by_role("button", name="Too much").click()
    expect(page.get_by_text("many images no longer show what their label says")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(different, arg=24)


def test_own_digits_are_uploaded_looked_at_and_removed(bare_page: Page, bare_server: Server, tmp_path: Path) -> None:
    digits = load_dataset("uci").train
    frame = pd.DataFrame(digits.images[:200].reshape(200, -1), columns=[f"pixel{i}" for i in range(784)])
    frame.insert(0, "label", digits.labels[:200])
    frame.to_csv(tmp_path / "mine.csv", index=False)
    frame.drop(columns="pixel7").to_csv(tmp_path / "torn.csv", index=False)
    bare_page.goto(f"{bare_server.address}/labels")
    bare_page.get_by_role("button", name="Add your own").click(timeout=PATIENCE)
    bare_page.locator("input[type=file]").set_input_files(tmp_path / "torn.csv")
    expect(bare_page.get_by_text("784 columns, without pixel7")).to_be_visible(timeout=PATIENCE)
    bare_page.locator("input[type=file]").set_input_files(tmp_path / "mine.csv")
    expect(bare_page.get_by_text("160 training images")).to_be_visible(timeout=PATIENCE)
    expect(bare_page.get_by_text("mine.csv, added on this computer")).to_be_visible()
    bare_page.get_by_role("button", name="Remove this dataset").click()
    expect(bare_page.get_by_text("1,347 training images")).to_be_visible(timeout=PATIENCE)
