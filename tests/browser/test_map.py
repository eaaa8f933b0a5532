import numpy as np
import pytest
from playwright.sync_api import Page, expect

from digitrec.datasets import silent
from digitrec.datasets.exploration.maps import make_map
from digitrec.datasets.exploration.projection import to_features
from tests.browser.app import PATIENCE, SAMPLE, SEVEN, Server, draw, settle, verdict, wait_for_canvas
from tests.data import sample

pytestmark = pytest.mark.browser
CHART = ".st-key-plane .js-plotly-plot"
# Where a point of the chart is on the screen.
ON_SCREEN = """(chart, [x, y]) => {
  const area = chart.querySelector(".nsewdrag").getBoundingClientRect()
  const along = ([start, end], value) => (value - start) / (end - start)
  return [area.x + area.width * along(chart.layout.xaxis.range, x),
          area.y + area.height * (1 - along(chart.layout.yaxis.range, y))]
}"""


def open_map(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/map?source={SAMPLE}&map_sees=pixels&map_by=PCA&map_size=1%2C000")
    wait_for_canvas(page)
    expect(page.locator(f"{CHART} .nsewdrag")).to_be_visible(timeout=PATIENCE)


def test_a_drawing_falls_among_its_like(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/map?source={SAMPLE}&map_size=1%2C000")
    expect(page.get_by_text("Laying out the map")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(f"{CHART} .nsewdrag")).to_be_visible(timeout=3 * PATIENCE)
    wait_for_canvas(page)
    expect(page.locator(".digitrec-pin")).to_be_hidden()
    draw(page, SEVEN, pause=0.02)
    settle(page)
    assert verdict(page) == "7"
    expect(page.locator(".digitrec-pin")).to_have_text("7")
    expect(page.locator(".digitrec-pin")).to_be_visible()
    expect(page.get_by_text("12 of 12 are labelled 7")).to_be_visible(timeout=PATIENCE)
    labels = [cell.get_attribute("aria-label") or "" for cell in page.locator(".gallery button").all()]
    assert len(labels) == 12
    assert all(label.startswith("7, image") for label in labels)
    page.reload()  # kept: the map needs no second wait, and the drawing is in the address
    expect(page.locator(".digitrec-pin")).to_have_text("7", timeout=PATIENCE)


def test_a_frame_around_dots_shows_exactly_their_images(page: Page, server: Server) -> None:
    open_map(page, server)
    digits = make_map(sample.load_mnist().train.images, to_features, "PCA", 1000, silent)
    low, high = np.array([4.0, -1.0]), np.array([7.0, 2.0])
    inside = ((digits.projection.positions > low) & (digits.projection.positions < high)).all(axis=1)
    assert 10 < inside.sum() < 100
    positions = digits.projection.positions
    at_the_edge = (np.minimum(np.abs(positions - low), np.abs(positions - high)) < 0.02).any(axis=1)
    chart = page.locator(CHART)
    chart.hover()
    page.locator('.modebar-btn[data-title="Box Select"]').click()
    page.wait_for_timeout(1000)  # the chart may still be finding its size
    corners = [chart.evaluate(ON_SCREEN, corner.tolist()) for corner in (low, high)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=5)
    page.mouse.up()
    expect(page.get_by_text("Selected", exact=True)).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1500)
    shown = {int(cell.get_attribute("data-place") or -1) for cell in page.locator(".gallery button").all()}
    assert shown ^ set(digits.places[inside].tolist()) <= set(digits.places[at_the_edge].tolist())


def test_a_dot_shows_its_image_when_pointed_at(page: Page, server: Server) -> None:
    open_map(page, server)
    positions = make_map(sample.load_mnist().train.images, to_features, "PCA", 1000, silent).projection.positions
    alone = int(np.argmax(np.sort(((positions[:, None] - positions) ** 2).sum(axis=2), axis=1)[:, 1]))
    x, y = page.locator(CHART).evaluate(ON_SCREEN, positions[alone].tolist())
    picture = page.locator(".hover")
    expect(picture).to_be_hidden()
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y, steps=3)
    expect(picture).to_be_visible(timeout=PATIENCE)
    column, row = alone % 100, alone // 100
    expect(picture).to_have_css("background-position", f"{-84 * column}px {-84 * row}px")
    page.mouse.move(5, 5)
    expect(picture).to_be_hidden()
