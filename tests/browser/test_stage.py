"""The Draw page as people meet it: its layout, what moves before they draw, and what is kept of what they draw."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from digitrec.ink.links import from_link
from digitrec.networks.card import read_card, write_card
from digitrec.networks.registry import find_model
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS
from tests.browser.app import (
    ONE,
    PATIENCE,
    SEVEN,
    Server,
    draw,
    on_screen,
    open_draw,
    pixels,
    press,
    serve,
    settle,
    verdict,
    wait_for_canvas,
    words,
)

pytestmark = pytest.mark.browser
BAR = [np.array([(60, 60), (220, 60)], np.float32)]


def wait_until_kept_by_the_server(page: Page) -> None:
    page.wait_for_function("sessionStorage.getItem('digitrec-drawing') === null", timeout=PATIENCE)


def wait_for_strokes_in_link(page: Page, count: int) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while strokes_in_link(page) != count and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert strokes_in_link(page) == count


def strokes_in_link(page: Page) -> int:
    """The number of strokes of the drawing in the address, as another browser would open it."""
    text = page.evaluate("new URLSearchParams(location.search).get('drawing')")
    return len(from_link(text).strokes) if text else 0


def reads(page: Page) -> str | None:
    """Which of browser and server reads."""
    return page.locator(".live").get_attribute("data-reader")


# ---- layout


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1440, 900), (960, 800), (700, 900), (390, 844)])
def test_canvas_verdict_and_tools_fit_at_every_width(browser: Browser, server: Server, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    canvas, shown, bars, tools = (
        page.locator(one).bounding_box()
        for one in ("canvas.upper-canvas", '[data-part="shown"]', '[data-part="bars"]', ".st-key-draw-tools")
    )
    assert canvas
    assert shown
    assert bars
    assert tools
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    assert tools["x"] + tools["width"] <= width
    assert tools["height"] < 60  # one row
    assert bars["y"] + bars["height"] <= height
    if width >= 700:
        assert shown["x"] >= canvas["x"] + canvas["width"]
        assert shown["y"] < canvas["y"] + canvas["height"]
        assert tools["width"] <= canvas["width"] + 1
    if width >= 1440:
        assert 480 <= canvas["width"] <= 640
    if width == 390:
        assert canvas["width"] >= 350
        assert shown["y"] >= canvas["y"] + canvas["height"]
    context.close()


def test_on_a_touch_screen_there_are_no_hints_for_keys(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, has_touch=True, is_mobile=True)
    page = context.new_page()
    open_draw(page, server.address)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert not any(hint.is_visible() for hint in page.locator(".st-key-draw-tools kbd").all())
    context.close()


# ---- before anybody draws


def test_a_digit_draws_itself_until_the_canvas_is_touched(page: Page, server: Server) -> None:
    page.goto(server.address)
    wait_for_canvas(page)
    live = page.locator(".live")
    expect(live).to_have_attribute("data-demo", "true", timeout=PATIENCE)
    expect(page.locator("canvas.arrival")).to_have_count(1)
    expect(page.locator('[data-part="shown"]')).to_have_text("3", timeout=PATIENCE)
    assert page.locator('[data-part="spoken"]').inner_text() == ""
    draw(page, ONE)
    settle(page)
    expect(page.locator("canvas.arrival")).to_have_count(0)
    assert verdict(page) == "1"
    expect(live).to_have_attribute("data-demo", "false")
    press(page, "Clear")
    page.wait_for_timeout(500)
    expect(page.locator("canvas.arrival")).to_have_count(0)
    assert words(page) == "Nothing to read yet"


def test_nothing_draws_itself_over_a_drawing(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.wait_for_url("**/?drawing=*", timeout=PATIENCE)
    page.reload()
    wait_for_canvas(page)
    page.wait_for_timeout(500)
    expect(page.locator("canvas.arrival")).to_have_count(0)
    assert verdict(page) == "7"


def test_with_reduced_motion_the_digit_is_there_at_once_and_stays(browser: Browser, server: Server) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    open_draw(page, server.address)
    expect(page.locator('[data-part="shown"]')).to_have_text("3", timeout=PATIENCE)
    picture = "c => c.toDataURL()"
    before = page.locator("canvas.arrival").evaluate(picture)
    page.wait_for_timeout(1000)
    assert page.locator("canvas.arrival").evaluate(picture) == before
    context.close()


# ---- the network at work


def test_a_press_on_a_map_says_what_it_looks_for(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    maps = page.locator(".chain .map")
    expect(page.locator(".chain h3", has_text="Convolution 1")).to_be_visible()
    expect(page.locator('.chain .map[data-speaks="true"]').first).to_be_visible(timeout=PATIENCE)
    assert pixels(page).max() == 255
    maps.nth(1).focus()
    page.keyboard.press("Enter")
    large = page.get_by_role("region", name="One map, large")
    expect(large).to_contain_text("It looks for")
    expect(large).to_contain_text("In this drawing it")
    expect(maps.nth(1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(maps.nth(1)).to_be_focused()


def test_the_network_moves_while_the_pen_moves(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, ONE)
    settle(page)
    picture = "c => c.querySelector('canvas').toDataURL()"
    before = page.locator(".chain .map").first.evaluate(picture)
    corner = page.locator("canvas.upper-canvas").bounding_box()
    assert corner
    page.mouse.move(corner["x"] + 60, corner["y"] + 60)
    page.mouse.down()
    page.mouse.move(corner["x"] + 300, corner["y"] + 90, steps=8)
    page.wait_for_function(
        "([map, before]) => map.querySelector('canvas').toDataURL() !== before",
        arg=[page.locator(".chain .map").first.element_handle(), before],
        timeout=PATIENCE,
    )
    page.mouse.up()


def test_while_the_pen_moves_nothing_goes_to_the_server(page: Page, server: Server) -> None:
    frames: list[float] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: frames.append(time.monotonic())))
    open_draw(page, server.address)
    draw(page, ONE)
    wait_for_strokes_in_link(page, 1)
    page.wait_for_timeout(1500)  # for the details
    places = on_screen(page, np.linspace((60, 60), (220, 220), 30, dtype=np.float32))
    page.mouse.move(*places[0])
    before, seen = len(frames), int(page.locator(".live").get_attribute("data-seen") or 0)
    page.mouse.down()
    for place in places:
        page.mouse.move(*place)
        page.wait_for_timeout(20)
    assert len(frames) == before
    assert int(page.locator(".live").get_attribute("data-seen") or 0) > seen + 3  # and it was read
    page.mouse.up()
    wait_for_strokes_in_link(page, 2)
    assert len(frames) > before


def test_a_stroke_is_never_missing_once_the_pen_is_lifted(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    for _ in range(4):
        places = on_screen(page, SEVEN[0])
        page.mouse.move(*places[0])
        page.mouse.down()
        for x, y in places:
            page.mouse.move(x, y, steps=5)
        settle(page)
        page.locator('[data-part="words"]').evaluate(
            "e => { window.said = []; new MutationObserver(() => window.said.push(e.textContent))"
            ".observe(e, { childList: true, subtree: true }) }"
        )
        page.mouse.up()
        settle(page)
        assert "Nothing to read yet" not in page.evaluate("window.said")
        press(page, "Clear")


def test_maps_are_kept_in_main_memory(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    page.locator(".chain .map canvas").first.wait_for(timeout=PATIENCE)
    kept = page.locator(".chain .step canvas").evaluate_all(
        "all => all.map(c => c.getContext('2d').getContextAttributes().willReadFrequently)"
    )
    assert len(kept) > 2
    assert all(kept)  # else WebKit takes a millisecond for each of them, a second for each stroke


# ---- for a projector


def test_a_projector_shows_canvas_verdict_and_network_only(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.get_by_role("button", name="Projector").click()
    expect(page.locator('[data-testid="stHeader"]')).to_be_hidden(timeout=PATIENCE)
    expect(page.get_by_role("tab")).to_have_count(0)
    expect(page.locator(".chain")).to_be_visible()
    settle(page)
    assert verdict(page) == "7"
    assert "projector=on" in page.url
    page.keyboard.press("Escape")
    expect(page.locator('[data-testid="stHeader"]')).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("tab", name="Why")).to_be_visible(timeout=PATIENCE)
    settle(page)
    assert verdict(page) == "7"
    page.goto(f"{server.address}/?projector=on")
    wait_for_canvas(page)
    expect(page.locator('[data-testid="stHeader"]')).to_be_hidden()


# ---- nothing is lost


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "log.txt", DIGITREC_DATA=str(tmp_path / "data")) as running:
        yield running


def test_a_reload_right_after_pen_up_keeps_the_stroke(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    page.reload()
    wait_for_canvas(page)
    expect(page.locator('[data-part="shown"]')).to_have_text("7", timeout=PATIENCE)
    wait_until_kept_by_the_server(page)
    wait_for_strokes_in_link(page, 1)


def test_leaving_right_after_pen_up_keeps_the_stroke(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    page.get_by_role("link", name="The network").click()
    expect(page.get_by_role("heading", name="The network", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Draw").click()
    wait_for_canvas(page)
    expect(page.locator('[data-part="shown"]')).to_have_text("7", timeout=PATIENCE)


def test_a_stroke_that_was_undone_does_not_come_back(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, ONE)
    settle(page)
    draw(page, BAR)
    page.keyboard.press("Control+z")
    page.wait_for_timeout(1000)
    wait_for_canvas(page)
    wait_until_kept_by_the_server(page)
    page.reload()
    wait_for_canvas(page)
    assert verdict(page) == "1"
    assert strokes_in_link(page) == 1


def test_drawing_goes_on_without_the_server_and_is_handed_over_when_it_is_back(
    browser: Browser, own_server: Server
) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    open_draw(page, own_server.address)
    draw(page, ONE)
    settle(page)
    page.wait_for_url("**/?drawing=*", timeout=PATIENCE)
    own_server.crash()
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(4000)  # Streamlit's own dialog comes after a while, and must not be in the way
    expect(page.get_by_role("dialog")).to_have_count(0)
    before = verdict(page)
    draw(page, BAR)
    settle(page)
    assert before == "1"
    assert verdict(page) != "1"  # what is read is what is there
    own_server.start()
    expect(page.get_by_text("Connection lost")).to_be_hidden(timeout=PATIENCE)
    wait_until_kept_by_the_server(page)
    wait_for_strokes_in_link(page, 2)
    draw(page, [np.array([(60, 240), (220, 240)], np.float32)])
    settle(page)
    wait_until_kept_by_the_server(page)
    wait_for_strokes_in_link(page, 3)
    press(page, "Undo")
    wait_for_strokes_in_link(page, 2)
    context.close()


# ---- where the server reads


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models in which the weights for browsers are missing, cut, damaged, or another network's."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(find_model(), tmp_path / "models" / name))

    foreign, swapped = copy("foreign"), copy("swapped")
    for folder, change in ((foreign, None), (swapped, PATH_WEIGHTS)):
        card = read_card(folder)
        files = {name: value for name, value in card.files.items() if name not in (WEIGHTS, PATH_WEIGHTS)}
        if change:
            shutil.copy(folder / change, folder / WEIGHTS)
            files |= {WEIGHTS: card.files[change], PATH_WEIGHTS: card.files[change]}
        write_card(folder, card.model_copy(update={"name": folder.name, "files": files}))
    cut = copy("cut") / WEIGHTS
    cut.write_bytes(cut.read_bytes()[:-1000])
    return tmp_path / "models"


@pytest.mark.parametrize("model", ["foreign", "swapped", "cut"])
def test_where_the_browser_cannot_read_the_server_does_and_the_page_says_so(
    browser: Browser, tmp_path: Path, models: Path, model: str
) -> None:
    with serve(tmp_path / "log.txt", DIGITREC_MODELS=str(models), DIGITREC_DATA=str(tmp_path / "data")) as server:
        page = browser.new_context().new_page()
        open_draw(page, f"{server.address}/?model={model}")
        expect(page.get_by_text("The server reads your drawing")).to_be_visible(timeout=PATIENCE)
        assert reads(page) == "server"
        draw(page, SEVEN, pause=0.02)
        settle(page)
        assert verdict(page) == "7"
        press(page, "Clear")
        assert words(page) == "Nothing to read yet"
        page.context.close()


def test_a_browser_without_workers_has_the_server_read(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    context.add_init_script("delete window.Worker")
    page = context.new_page()
    open_draw(page, server.address)
    expect(page.get_by_text("The server reads your drawing")).to_be_visible(timeout=PATIENCE)
    draw(page, SEVEN)
    settle(page)
    assert verdict(page) == "7"
    context.close()


def test_the_network_can_be_read_as_the_browser_runs_it(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.get_by_role("tab", name="Layers").click()
    page.get_by_text("The whole network on one page").click(timeout=PATIENCE)
    expect(page.get_by_text("function convolve")).to_be_visible(timeout=PATIENCE)
