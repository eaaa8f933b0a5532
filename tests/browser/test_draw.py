import io
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from digitrec import load_classifier, preprocess
from digitrec.ink.drawings import CANVAS, Drawing, Stroke, render
from digitrec.ink.links import to_link
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
    settle,
    verdict,
    wait_for_canvas,
    words,
)

pytestmark = pytest.mark.browser


def link_to(server: Server, strokes: Sequence[NDArray[np.float32]]) -> str:
    return f"{server.address}/?drawing={to_link(Drawing(tuple(Stroke(points, 18) for points in strokes)))}"


def ink_on_canvas(page: Page) -> int:
    """How many pixels of the canvas are dark, as the browser has them."""
    return page.locator(".st-key-paper-canvas canvas.dc-canvas.lower-canvas").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".filter((v, i, all) => i % 4 == 0 && v < 128 && all[i + 3] > 128).length"
    )


def test_the_verdict_comes_while_the_pen_moves(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    before = int(page.locator(".live").get_attribute("data-seen") or 0)
    way = np.concatenate([np.linspace(a, b, 12) for a, b in zip(SEVEN[0][:-1], SEVEN[0][1:], strict=True)])
    places = on_screen(page, way)
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places:
        page.mouse.move(x, y)
        page.wait_for_timeout(25)
    page.wait_for_timeout(400)
    assert verdict(page) == "7"  # and the pen is still down
    assert int(page.locator(".live").get_attribute("data-seen") or 0) >= before + 4
    page.mouse.up()
    settle(page)
    assert verdict(page) == "7"


def test_the_pens_path_is_read_once_the_pen_is_lifted(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    expect(page.get_by_text("From the pen path alone: 7")).to_be_visible(timeout=PATIENCE)  # in the tab Why


def test_what_the_browser_drew_is_what_the_classifier_reads(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    way = np.concatenate([np.linspace(a, b, 15) for a, b in zip(SEVEN[0][:-1], SEVEN[0][1:], strict=True)])
    draw(page, [way])
    settle(page)
    ours = preprocess(render(Drawing((Stroke(way.astype(np.float32), 18),)))).image
    assert ours is not None
    difference = np.abs(pixels(page) - ours.astype(int))
    assert difference.mean() < 4  # of 255; the two draw edges a little differently


def test_undo_redo_and_clear(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, ONE)
    settle(page)
    page.wait_for_timeout(500)
    one = ink_on_canvas(page)
    draw(page, [np.array([(60, 60), (220, 60)], np.float32)])
    settle(page)
    page.wait_for_timeout(500)
    both = ink_on_canvas(page)
    assert both > one > 0
    press(page, "Undo")
    assert ink_on_canvas(page) == pytest.approx(one, rel=0.02)
    assert verdict(page) == "1"
    press(page, "Redo")
    assert ink_on_canvas(page) == pytest.approx(both, rel=0.02)
    press(page, "Clear")
    assert ink_on_canvas(page) == 0
    assert words(page) == "Nothing to read yet"
    page.keyboard.press("Control+z")
    page.wait_for_timeout(500)
    wait_for_canvas(page)
    assert ink_on_canvas(page) == pytest.approx(both, rel=0.02)


def test_undo_right_after_a_stroke_takes_that_stroke(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, ONE)
    settle(page)
    one = ink_on_canvas(page)
    draw(page, [np.array([(60, 60), (220, 60)], np.float32)])
    page.keyboard.press("Control+z")
    page.wait_for_timeout(500)
    wait_for_canvas(page)
    assert ink_on_canvas(page) == pytest.approx(one, rel=0.02)
    assert verdict(page) == "1"


def test_the_eraser_takes_ink_away(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.wait_for_timeout(500)
    before = ink_on_canvas(page)
    page.get_by_role("radio", name="Eraser").click()
    page.wait_for_timeout(500)
    draw(page, [np.array([(50, 60), (100, 60), (150, 60), (230, 60)], np.float32)])
    settle(page)
    assert ink_on_canvas(page) < 0.75 * before
    assert verdict(page) == "1"


def test_drawing_and_settings_survive_leaving_the_page(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.wait_for_timeout(500)
    slider = page.get_by_role("slider", name="Pen width")
    slider.focus()
    for width in range(19, 24):
        page.keyboard.press("ArrowRight")
        expect(slider).to_have_value(str(width))
    page.wait_for_timeout(800)
    ink = ink_on_canvas(page)
    page.get_by_role("link", name="The network").click()
    expect(page.get_by_role("heading", name="The network", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Draw").click()
    wait_for_canvas(page)
    assert verdict(page) == "7"
    assert ink_on_canvas(page) == pytest.approx(ink, rel=0.02)
    expect(slider).to_have_value("23", timeout=PATIENCE)
    draw(page, [np.array([(110, 150), (200, 150)], np.float32)])  # and it can be gone on with: now it is crossed
    settle(page)
    assert ink_on_canvas(page) > ink
    assert verdict(page) == "7"


def test_a_reload_finds_the_drawing(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.wait_for_url("**/?drawing=*", timeout=PATIENCE)
    ink = ink_on_canvas(page)
    page.reload()
    wait_for_canvas(page)
    assert verdict(page) == "7"
    assert ink_on_canvas(page) == pytest.approx(ink, rel=0.05)
    press(page, "Clear")
    page.wait_for_url(lambda url: "drawing=" not in url, timeout=PATIENCE)


def test_back_leads_away_from_the_page_whatever_was_drawn(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/labels")
    expect(page.get_by_role("heading", name="Labels", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Draw").click()
    wait_for_canvas(page)
    entries, addresses = page.evaluate("history.length"), set()
    for height in (60, 100, 140, 180):
        draw(page, [np.array([(60, height), (220, height)], np.float32)])
        settle(page)
        page.wait_for_function(
            "known => location.search.includes('drawing=') && !known.includes(location.href)",
            arg=list(addresses),
            timeout=PATIENCE,
        )
        addresses.add(page.url)
    page.wait_for_timeout(500)
    assert page.evaluate("history.length") == entries
    ink = ink_on_canvas(page)
    page.reload()
    wait_for_canvas(page)
    assert ink_on_canvas(page) == pytest.approx(ink, rel=0.05)
    page.go_back()
    expect(page.get_by_role("heading", name="Labels", exact=True)).to_be_visible(timeout=PATIENCE)
    page.go_forward()
    wait_for_canvas(page)
    assert "drawing=" in page.url
    assert ink_on_canvas(page) == pytest.approx(ink, rel=0.05)


def test_a_link_carries_the_drawing(browser: Browser, page: Page, server: Server) -> None:
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    page.wait_for_timeout(500)
    page.get_by_role("tab", name="Share").click()
    link = page.locator("code", has_text="drawing=").inner_text()
    friend = browser.new_context().new_page()
    open_draw(friend, link)
    assert verdict(friend) == "7"
    assert ink_on_canvas(friend) == pytest.approx(ink_on_canvas(page), rel=0.05)
    friend.context.close()


@pytest.mark.parametrize("text", ["nonsense", "eNqrVkosLVGyUlBKzs8tKMpPL1KyUoqOjVWyijYy1jEy", "A" * 7000])
def test_a_broken_link_is_told_and_nothing_is_lost(page: Page, server: Server, text: str) -> None:
    open_draw(page, f"{server.address}/?drawing={text}")
    expect(page.get_by_text("Expected the drawing that a digitrec link carries")).to_be_visible()
    assert page.get_by_text("Traceback").count() == 0
    draw(page, SEVEN)
    settle(page)
    assert verdict(page) == "7"


def test_a_sample_digit_needs_no_mouse(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    page.get_by_role("button", name="Sample digit").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    wait_for_canvas(page)
    assert ink_on_canvas(page) > 500
    assert verdict(page) in set("0123456789?")


def test_every_tab_shows_its_pictures(page: Page, server: Server) -> None:
    open_draw(page, link_to(server, SEVEN))
    layers = len(load_classifier().activations(np.zeros((28, 28), np.uint8)))
    for name, pictures in (("Preprocessing", 5), ("Saliency", 1), ("Layers", layers)):
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tabpanel").get_by_role("img")).to_have_count(pictures, timeout=PATIENCE)
    assert page.get_by_text("Without it").count() == 0  # only the open tab is computed


def test_the_pictures_can_be_downloaded(page: Page, server: Server) -> None:
    open_draw(page, link_to(server, SEVEN))
    page.get_by_role("tab", name="Share").click()
    files = {}
    for name in ("Drawing (PNG)", "28 × 28 image (PNG)"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        files[name] = np.asarray(Image.open(io.BytesIO(download.value.path().read_bytes())))
    drawing, small = files.values()
    assert drawing.shape == (CANVAS, CANVAS)
    again = preprocess(255 - drawing).image
    assert again is not None
    np.testing.assert_array_equal(small, again)


def test_not_sure_is_said_where_ink_is_no_digit(page: Page, server: Server) -> None:
    open_draw(page, server.address)
    x = np.linspace(30, 250, 15)
    draw(page, [np.stack([x, np.where(np.arange(15) % 2, 80, 200)], axis=1).astype(np.float32)])
    settle(page)
    assert verdict(page) == "?"
    assert words(page).startswith("Not sure")


def test_nothing_is_asked_of_other_machines(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_draw(page, server.address)
    draw(page, SEVEN)
    settle(page)
    assert [url for url in asked if not url.startswith((server.address, "data:", "blob:"))] == []


def test_a_phone_with_touch(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = context.new_page()
    open_draw(phone, server.address)
    corner = phone.locator("canvas.upper-canvas").bounding_box()
    assert corner
    assert corner["x"] >= 0
    assert corner["x"] + corner["width"] <= 390
    fingers = context.new_cdp_session(phone)

    def touch(kind: str, *places: NDArray[np.float32]) -> None:
        points = [{"x": x, "y": y} for x, y in on_screen(phone, np.array(places, np.float32))]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", SEVEN[0][0])
    for place_ in SEVEN[0][1:]:
        touch("touchMove", place_)
        phone.wait_for_timeout(30)
    touch("touchEnd")
    settle(phone)
    assert verdict(phone) == "7"
    shown = phone.locator('[data-part="shown"]').bounding_box()
    assert shown
    assert shown["y"] + shown["height"] < 844  # the verdict is seen without scrolling
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_without_its_companion_the_canvas_serves(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    context.add_init_script(
        "const find = DocumentFragment.prototype.querySelector;"
        "DocumentFragment.prototype.querySelector = function (s) {"
        " return s.includes('upper-canvas') ? null : find.call(this, s) }"
    )
    page = context.new_page()
    page.goto(server.address)
    expect(page.locator("canvas.upper-canvas")).to_be_visible(timeout=PATIENCE)
    expect(page.locator('[data-part="words"]')).to_have_text("Nothing to read yet", timeout=PATIENCE)
    draw(page, SEVEN)
    expect(page.locator('[data-part="shown"]')).to_have_text("7", timeout=PATIENCE)
    assert page.locator(".live").get_attribute("data-sent") == "0"
    context.close()
