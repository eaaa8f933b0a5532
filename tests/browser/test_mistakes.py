import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from digitrec import load_classifier, load_dataset
from digitrec.ink.drawings import Drawing, render
from tests.browser.app import PATIENCE, Server, draw, settle, wait_for_canvas

pytestmark = pytest.mark.browser
LONG = 60_000  # ms


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    """What the shipped model reads in the bundled digits."""
    test = load_dataset("uci").test
    read = load_classifier().predict_proba(test.images).argmax(axis=1)
    return pd.DataFrame({"label": test.labels, "read": read})


def open_mistakes(page: Page, server: Server, query: str = "") -> None:
    page.goto(f"{server.address}/mistakes?source=UCI+digits{query}")
    expect(page.get_by_text("Accuracy", exact=True)).to_be_visible(timeout=LONG)


def shown(page: Page) -> list[int]:
    return [
        int(place) for place in page.locator(".gallery button").evaluate_all("all => all.map(e => e.dataset.place)")
    ]


def press_cell(page: Page, label: int, read: int) -> None:
    """Press a cell of the matrix where it is on the page: plotly knows."""
    page.locator(".st-key-cells .js-plotly-plot").scroll_into_view_if_needed()
    spot = page.evaluate(
        """([label, read]) => {
          const chart = document.querySelector('.st-key-cells .js-plotly-plot')
          const box = chart.getBoundingClientRect(), { xaxis, yaxis } = chart._fullLayout
          return [box.x + xaxis._offset + xaxis.d2p(String(read)), box.y + yaxis._offset + yaxis.d2p(String(label))]
        }""",
        [int(label), int(read)],
    )
    page.mouse.move(*spot)
    page.mouse.click(*spot)


def test_a_cell_shows_exactly_its_images(page: Page, server: Server, answers: pd.DataFrame) -> None:
    wrong = answers[answers["label"] != answers["read"]]
    assert len(wrong) > 2
    open_mistakes(page, server)
    expect(page.locator(".gallery button")).to_have_count(len(wrong), timeout=PATIENCE)
    assert sorted(shown(page)) == sorted(wrong.index)
    (label, read), count = wrong.value_counts(["label", "read"]).index[0], wrong.value_counts(["label", "read"]).iloc[0]
    page.wait_for_timeout(500)
    press_cell(page, label, read)
    expect(page.locator(".gallery button")).to_have_count(int(count), timeout=PATIENCE)
    assert sorted(shown(page)) == sorted(wrong[(wrong["label"] == label) & (wrong["read"] == read)].index)
    assert "is_a" in page.url, "a link leads to the same view"
    page.locator(".gallery button").first.click()
    expect(page.get_by_role("heading", name=re.compile("Image .* misclassified as"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text(re.compile(r"Saliency for \d, the answer"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text(re.compile(r"Saliency for \d, the label"))).to_be_visible()
    number = page.get_by_role("heading", name=re.compile("Image .* misclassified as")).inner_text()
    page.reload()
    expect(page.get_by_role("heading", name=number)).to_be_visible(timeout=LONG)
    page.get_by_role("tab", name="Nearest neighbours").click()
    expect(page.get_by_alt_text(re.compile("Training image"))).to_have_count(24, timeout=LONG)
    page.get_by_role("tab", name="Counterfactuals").click()
    expect(page.get_by_text(re.compile(r", then \d at|No rotation, shift")).first).to_be_visible(timeout=PATIENCE)


def find_mistake(answers: pd.DataFrame) -> int:
    """The place of a mistake that is surely read, and as something else once its lower half is erased."""
    images, reader = load_dataset("uci").test.images, load_classifier()
    for place in answers.index[answers["label"] != answers["read"]]:
        canvas = render(Drawing(backdrop=images[place])).copy()
        before = reader.read(canvas)
        canvas[145:265, 50:230] = 0
        if not before.unsure and reader.read(canvas).digit not in (None, before.digit):
            return int(place)
    raise AssertionError("none flips")


def test_a_mistake_is_opened_on_the_canvas_and_changed_until_its_verdict_is_another(
    page: Page, server: Server, answers: pd.DataFrame
) -> None:
    place = find_mistake(answers)
    open_mistakes(page, server)
    page.locator(f'.gallery button[data-place="{place}"]').click()
    page.get_by_role("link", name="Open on the canvas").click()
    wait_for_canvas(page)
    settle(page)
    before = page.locator('[data-part="shown"]').inner_text()
    assert before == str(answers["read"][place]) != str(answers["label"][place])
    page.get_by_role("tab", name="Your changes").click()
    expect(page.get_by_text("it was read as")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("radio", name="Eraser").click()
    page.wait_for_timeout(800)
    wait_for_canvas(page)
    draw(page, [np.array([(x, y) for y in range(150, 260, 8) for x in (60, 220)], np.float32)])
    settle(page)
    assert page.locator('[data-part="shown"]').inner_text() != before
    expect(page.get_by_alt_text(re.compile("your changes"))).to_be_visible(timeout=PATIENCE)


def test_a_label_is_judged_and_the_judgement_found_again(page: Page, server: Server) -> None:
    said = re.compile(r"1 reviewed of \d+ labels in doubt: 1 label wrong")
    open_mistakes(page, server, "&view=Labels+in+doubt")
    judged = page.get_by_role("radio", name="label wrong").first
    expect(judged).to_be_visible(timeout=PATIENCE)
    judged.click()
    expect(page.get_by_text(said)).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_text(said)).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Make a corrected copy").click()
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("uci corrected.npz", timeout=LONG)
    page.get_by_role("button", name="Add your own").click()
    page.get_by_role("button", name="Remove this dataset").click()
    expect(page.get_by_role("combobox", name="Dataset")).not_to_have_value("uci corrected.npz", timeout=PATIENCE)


@pytest.mark.parametrize("view", ["Groups", "Confidence"])
def test_the_other_views_draw(view: str, page: Page, server: Server) -> None:
    open_mistakes(page, server, f"&view={view}")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=PATIENCE)


def test_what_digits_bear_is_drawn_for_many_and_for_one(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/robustness?source=UCI+digits")
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=LONG)
    expect(page.get_by_alt_text("Turned clockwise, 90 degrees")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("The answer stays the same in"))).to_be_visible(timeout=PATIENCE)
