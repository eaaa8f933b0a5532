import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from digitrec import load_classifier
from digitrec.training.run_folders import runs
from tests.browser.app import PATIENCE, SEVEN, Server, draw, pixels, settle, verdict, wait_for_canvas

pytestmark = [pytest.mark.browser, pytest.mark.alone]
LONG = 150_000  # ms; TensorFlow takes its time to be loaded on a busy machine


def begin(page: Page, server: Server, epochs: int) -> Path:
    """Train digitrec-fast on the bundled digits."""
    before = set(runs.list_runs())
    page.goto(f"{server.address}/train?source=UCI+digits")
    heading = page.get_by_text("New training")
    expect(heading).to_be_visible(timeout=PATIENCE)
    field = page.get_by_role("spinbutton", name="Epochs", exact=True)
    if before:  # where nothing was trained yet, the page opens it itself
        heading.click()
    expect(field).to_be_visible(timeout=PATIENCE)
    field.fill(str(epochs))
    field.press("Enter")
    expect(page.get_by_text("1,077 training images")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Train", exact=True).click()
    while not (begun := set(runs.list_runs()) - before):  # a Stop button may be that of another run
        page.wait_for_timeout(100)
    (name,) = begun
    expect(page.get_by_role("combobox", name="Run")).to_have_value(name, timeout=PATIENCE)
    return runs.find(name)


def test_a_network_is_trained_stopped_taken_up_kept_and_drawn_with(page: Page, server: Server) -> None:
    folder = begin(page, server, 500)
    expect(page.get_by_text("Validation accuracy", exact=True)).to_be_visible(timeout=LONG)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 500, .* left"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text("Filter 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible(timeout=PATIENCE)
    done = len(runs.read(folder).history)
    assert done < 500
    page.reload()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible(timeout=PATIENCE)

    page.get_by_role("spinbutton", name="More epochs").fill("3")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=LONG)
    assert len(runs.read(folder).history) == done + 3
    expect(page.get_by_text(f"misclassified after epoch {done + 3}")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("slider", name="After epoch").press("Home")
    expect(page.get_by_text("misclassified after epoch 1")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("textbox", name="Name").fill("../mine")
    page.get_by_role("button", name="Keep this model").click()
    expect(page.get_by_text("Expected a name of up to 40")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("textbox", name="Name").fill("The class")
    page.get_by_role("button", name="Keep this model").click()
    expect(page.get_by_text("Kept as The class")).to_be_visible(timeout=PATIENCE)
    assert load_classifier("The class").card.network == "digitrec-fast"

    page.goto(f"{server.address}/?model=The+class")
    wait_for_canvas(page)
    draw(page, SEVEN)
    settle(page)
    answer = load_classifier("The class").predict_proba(pixels(page)[None])[0]
    assert verdict(page) == ("?" if load_classifier("The class").is_unsure(answer) else str(answer.argmax()))
    page.goto(f"{server.address}/models")
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible(timeout=PATIENCE)


def test_a_worker_that_is_killed_is_told_and_goes_on(page: Page, server: Server) -> None:
    folder = begin(page, server, 60)
    expect(page.get_by_text("Validation accuracy", exact=True)).to_be_visible(timeout=LONG)
    workers = [
        one for one in psutil.process_iter(["cmdline"]) if "digitrec.training.worker" in (one.info["cmdline"] or [])
    ]
    (worker,) = [one for one in workers if str(folder / "alive.lock") in {file.path for file in one.open_files()}]
    worker.kill()
    expect(page.get_by_text("ended unexpectedly", exact=False).first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=LONG)
    assert runs.read(folder).history["epoch"].tolist() == list(range(1, 61))


def test_two_apps_on_one_folder_see_each_others_runs_and_take_turns(
    page: Page, server: Server, bare_page: Page, bare_server: Server
) -> None:
    first = begin(page, server, 900)
    expect(page.get_by_text("Validation accuracy", exact=True)).to_be_visible(timeout=LONG)
    second = begin(bare_page, bare_server, 2)
    expect(bare_page.get_by_text("Waiting for its turn")).to_be_visible(timeout=LONG)
    expect(bare_page.get_by_text("Another training is under way")).to_be_visible(timeout=PATIENCE)
    bare_page.goto(f"{bare_server.address}/train?run={first.name}")
    expect(bare_page.get_by_text("Training", exact=True)).to_be_visible(timeout=PATIENCE)
    bare_page.get_by_role("button", name="Stop").click()  # whoever sees it may stop it
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible(timeout=PATIENCE)
    bare_page.goto(f"{bare_server.address}/train?run={second.name}")
    expect(bare_page.get_by_text("Finished", exact=True)).to_be_visible(timeout=LONG)
    assert len(runs.read(second).history) == 2
