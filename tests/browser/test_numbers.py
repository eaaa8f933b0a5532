import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.composing import SPACED, Number, Settings, compose, pen_writers
from digitrec.ink.drawings import WIDE, Drawing, Stroke
from digitrec.ink.links import simplify, to_link
from tests.browser.app import PATIENCE, Server, draw, on_screen, press, settle, wait_for_canvas
from tests.touching import TOUCHING

pytestmark = pytest.mark.browser

WRITTEN = 2  # numbers of each kind


def open_wide(page: Page, address: str) -> None:
    """Open the Draw page with the canvas for numbers."""
    page.goto(f"{address}/?writing=A+number")
    wait_for_canvas(page)


def read_number(page: Page) -> str:
    """What is shown in large type."""
    return page.locator('[data-part="number"]').inner_text().strip()


def boxes(page: Page) -> list[list[float]]:
    """Left and right of each box on the drawing, in percent of the canvas."""
    return page.locator(".st-key-paper-canvas .found > div").evaluate_all(
        "all => all.map(b => [parseFloat(b.style.left), parseFloat(b.style.left) + parseFloat(b.style.width)])"
    )


@pytest.fixture(scope="module")
def written(pen_digits: tuple[PenDigit, ...]) -> dict[str, list[Number]]:
    """Numbers by people whom no training saw, as their pens went."""
    hands = pen_writers(split_by_writer(pen_digits)[1])
    short = {"length": (3, 4), "height": (110, 150), "pen": (0.09, 0.13)}
    kinds = {"spaced": Settings(**short, gap=SPACED.gap), "touching": Settings(**short, gap=TOUCHING.gap)}  # type: ignore[arg-type]
    return {name: list(compose(hands, WRITTEN, kind, seed=4)) for name, kind in kinds.items()}


def pointed(number: Number) -> list[NDArray[np.float32]]:
    """Its strokes as a pointer that goes straight between fewer places, a pixel or two beside them."""
    return [simplify(stroke, 1.5) for stroke in number.strokes]


def write(page: Page, server: Server, written: dict[str, list[Number]]) -> Number:
    """Write a number with the pointer, its digits spaced."""
    open_wide(page, server.address)
    number = written["spaced"][0]
    draw(page, pointed(number))
    settle(page)
    return number


def open_written(page: Page, server: Server, written: dict[str, list[Number]]) -> Number:
    """Open the link of a number that was written before, its digits spaced."""
    number = written["spaced"][0]
    drawing = Drawing(tuple(Stroke(stroke, 18) for stroke in pointed(number)), width=WIDE)
    page.goto(f"{server.address}/?writing=A+number&number={to_link(drawing)}")
    wait_for_canvas(page)
    return number


def test_numbers_written_with_the_pointer_are_read(
    page: Page, server: Server, written: dict[str, list[Number]]
) -> None:
    open_wide(page, server.address)
    read: dict[str, list[tuple[str, str]]] = {"spaced": [], "touching": []}
    for kind, numbers in written.items():
        for number in numbers:
            draw(page, pointed(number))
            settle(page)
            read[kind].append((number.text, read_number(page)))
            press(page, "Clear")
    right = {kind: sum(meant == shown for meant, shown in pairs) for kind, pairs in read.items()}
    assert right["spaced"] == WRITTEN, read
    assert right["touching"] >= WRITTEN - 1, read
    assert read_number(page) == ""


def test_each_digit_has_a_box_and_a_button_that_shows_it(
    page: Page, server: Server, written: dict[str, list[Number]]
) -> None:
    number = open_written(page, server, written)
    found = boxes(page)
    assert len(found) == len(number.text)
    for (left, right), box in zip(found, number.boxes, strict=True):
        assert (left * 8.4, right * 8.4) == pytest.approx((box[0], box[2]), abs=14)  # the pen's edge, and the frame's
    buttons = page.locator(".chips button")
    expect(buttons).to_have_count(len(number.text))
    middles = [box["x"] + box["width"] / 2 for box in (one.bounding_box() for one in buttons.all()) if box]
    canvas = page.locator("canvas.upper-canvas").bounding_box()
    assert canvas
    below = [canvas["x"] + canvas["width"] * (left + right) / 200 for left, right in found]
    assert middles == pytest.approx(below, abs=6)  # each below its digit
    buttons.nth(1).click()
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.one [data-part="shown"]')).to_have_text(number.text[1])
    page.get_by_role("tab", name="Saliency").click()
    expect(page.get_by_text(f"ink supports {number.text[1]}")).to_be_visible(timeout=PATIENCE)


def test_a_number_is_split_joined_and_corrected_by_hand(
    page: Page, server: Server, written: dict[str, list[Number]]
) -> None:
    number = open_written(page, server, written)
    buttons = page.locator(".chips button")
    count = len(number.text)
    page.get_by_role("button", name="Join with the next").click()
    expect(buttons).to_have_count(count - 1)
    page.get_by_role("button", name="Split in two").click()
    expect(buttons).to_have_count(count)
    page.get_by_role("button", name="Undo last edit").click()
    expect(buttons).to_have_count(count - 1)
    page.get_by_role("button", name="Undo last edit").click()
    expect(page.locator('[data-part="number"]')).to_have_text(number.text)
    other = str((int(number.text[0]) + 5) % 10)
    page.get_by_label("Change to").click()
    page.get_by_role("option", name=other, exact=True).click()
    expect(page.locator('[data-part="number"]')).to_have_text(other + number.text[1:])
    expect(buttons.first).to_contain_text("by hand")
    draw(page, [np.array([(820, 20), (825, 120), (828, 200)], np.float32)])  # and it stays while one writes on
    settle(page)
    assert read_number(page)[: len(number.text)] == other + number.text[1:]


def test_a_number_is_read_while_the_pen_moves(page: Page, server: Server, written: dict[str, list[Number]]) -> None:
    open_wide(page, server.address)
    number = written["spaced"][1]
    draw(page, pointed(number)[:-1])
    last = on_screen(page, number.strokes[-1])
    before = int(page.locator(".live").get_attribute("data-seen") or 0)
    for index, (x, y) in enumerate(last):
        page.mouse.move(x, y)
        if index == 0:
            page.mouse.down()
        page.wait_for_timeout(30)
    digits = re.compile(rf"^\s*[\d?]{{{len(number.text)}}}\s*$")
    expect(page.locator('[data-part="number"]')).to_have_text(digits, timeout=PATIENCE)  # and the pen is still down
    assert int(page.locator(".live").get_attribute("data-seen") or 0) > before + 1
    page.mouse.up()


def test_a_reload_and_a_link_find_the_number(
    browser: Browser, page: Page, server: Server, written: dict[str, list[Number]]
) -> None:
    write(page, server, written)
    page.wait_for_url("**number=*", timeout=PATIENCE)
    shown = read_number(page)
    page.reload()
    wait_for_canvas(page)
    assert read_number(page) == shown
    page.get_by_role("tab", name="Share").click()
    link = page.locator("code", has_text="number=").inner_text()
    friend = browser.new_context().new_page()
    friend.goto(link)
    wait_for_canvas(friend)
    assert read_number(friend) == shown
    friend.context.close()


def test_digit_and_number_each_keep_their_sheet(page: Page, server: Server, written: dict[str, list[Number]]) -> None:
    open_wide(page, server.address)
    draw(page, pointed(written["spaced"][0])[:2])
    settle(page)
    number = read_number(page)
    page.get_by_role("radio", name="A digit").click()
    page.wait_for_timeout(500)
    wait_for_canvas(page)
    draw(page, [np.array([(140, 40), (140, 90), (140, 140), (140, 190), (140, 240)], np.float32)])
    settle(page)
    expect(page.locator('[data-part="shown"]')).to_have_text("1")
    page.get_by_role("radio", name="A number").click()
    expect(page.locator('[data-part="number"]')).to_have_text(number, timeout=PATIENCE)


def test_on_a_phone_the_wide_canvas_fits_and_is_drawn_on_where_it_is_touched(
    browser: Browser, server: Server, written: dict[str, list[Number]]
) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    open_wide(page, server.address)
    corner = page.locator("canvas.upper-canvas").bounding_box()
    assert corner
    assert corner["x"] + corner["width"] <= 390
    number = written["spaced"][0]
    draw(page, pointed(number))
    settle(page)
    for (left, right), box in zip(boxes(page), number.boxes, strict=True):
        assert (left * 8.4, right * 8.4) == pytest.approx((box[0], box[2]), abs=16)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_a_sample_number_needs_no_mouse(page: Page, server: Server) -> None:
    open_wide(page, server.address)
    page.get_by_role("button", name="Sample number").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("composed of digits")).to_be_visible(timeout=PATIENCE)
    settle(page)
    assert 3 <= len(read_number(page)) <= 6
