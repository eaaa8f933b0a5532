import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from digitrec import load_classifier, load_dataset
from digitrec.datasets import Split
from digitrec.datasets.export import to_exported_frame
from digitrec.evaluation.metrics import measure_proportion
from digitrec.ink.types import Box
from tests.browser.app import PATIENCE, Server
from tests.sheets import Look, handwriting, match, random_sheet, render

pytestmark = pytest.mark.browser
LONG = 60_000  # ms
N = 60


@pytest.fixture(scope="module")
def split() -> Split:
    test = load_dataset("uci").test
    return Split(test.images[:N], test.labels[:N])


def download(page: Page, name: str) -> pd.DataFrame:
    with page.expect_download() as came:
        page.get_by_role("button", name=name).click()
    return pd.read_csv(Path(came.value.path()))


def correct_first(page: Page, digit: int) -> None:
    """Type another digit into the first row of the table; again where a click only brought it into view."""
    corrected = page.get_by_test_id("stMetric").filter(has_text="Corrected by you")
    read_as = {"x": 420, "y": 65}
    for _ in range(6):
        page.get_by_test_id("stDataFrame").locator(".dvn-scroller").click(position=read_as)
        page.wait_for_timeout(700)
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        page.keyboard.type(str(digit))
        page.keyboard.press("Enter")
        page.wait_for_timeout(2000)
        if corrected.inner_text().strip().endswith("1"):
            return
        page.keyboard.press("Escape")


def test_a_table_as_large_as_kaggles_is_taken(page: Page, server: Server, tmp_path: Path) -> None:
    head = ",".join(("label", *(f"pixel{index}" for index in range(784)))).encode()
    row = b"7" + b",255" * 784
    (tmp_path / "large.csv").write_bytes(b"\n".join([head, *[row] * 10_000]))
    assert (tmp_path / "large.csv").stat().st_size > 30_000_000  # more than any picture may have
    page.goto(f"{server.address}/files")
    page.locator('input[type="file"]').set_input_files(tmp_path / "large.csv")
    expect(page.get_by_text("large.csv is a CSV of 10,000 digits")).to_be_visible(timeout=LONG)


def test_a_table_is_read_corrected_and_downloaded(page: Page, server: Server, split: Split) -> None:
    probabilities = load_classifier().predict_proba(split.images)
    read = probabilities.argmax(axis=1)
    page.goto(f"{server.address}/files")
    content = to_exported_frame(split).to_csv(index=False).encode()
    uploader = page.locator('input[type="file"]')
    expect(uploader).to_be_attached(timeout=LONG)
    uploader.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_text("mine.csv is a CSV of 60 digits, with a header, with labels.")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Corrected by you", exact=True)).to_be_visible(timeout=LONG)
    answers = download(page, "Download results")
    np.testing.assert_array_equal(answers["digit"], read)
    np.testing.assert_allclose(answers["confidence"], probabilities.max(axis=1), atol=1e-5)
    assert not answers["corrected"].any()

    doubted = int(probabilities.max(axis=1).argmin())  # the table begins with it
    other = (int(read[doubted]) + 1) % 10
    correct_first(page, other)
    expect(page.get_by_test_id("stMetric").filter(has_text="Corrected by you")).to_contain_text("1", timeout=PATIENCE)
    answers = download(page, "Download results")
    read[doubted] = other
    np.testing.assert_array_equal(answers["digit"], read)
    assert np.flatnonzero(answers["corrected"]).tolist() == [doubted]
    submission = download(page, "Download Kaggle submission")
    assert submission.to_numpy().tolist() == [[place, digit] for place, digit in enumerate(read.tolist(), 1)]
    page.get_by_role("button", name="Add to the datasets").click()
    page.get_by_role("link", name="See the mistakes").click()
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("mine.csv", timeout=LONG)


def test_what_is_no_digit_is_told_and_the_rest_is_read(page: Page, server: Server, split: Split) -> None:
    page.goto(f"{server.address}/files")
    lines = to_exported_frame(split).to_csv(index=False).splitlines()
    lines[7] = lines[7].replace(",", ",ink", 1)
    uploader = page.locator('input[type="file"]')
    expect(uploader).to_be_attached(timeout=LONG)
    uploader.set_input_files({"name": "odd.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()})
    expect(page.get_by_text("1 could not be read")).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("No Kaggle submission can be made"))).to_be_visible(timeout=PATIENCE)
    assert len(download(page, "Download results")) == N - 1
    uploader.set_input_files({"name": "song.csv", "mimeType": "text/csv", "buffer": b"do,re,mi\n1,2,3\n"})
    expect(page.get_by_text("This file cannot be read. Expected")).to_be_visible(timeout=LONG)


def test_a_photograph_is_read_row_by_row(page: Page, server: Server) -> None:
    sheet = random_sheet(handwriting(), "paper", 3)
    page.goto(f"{server.address}/photograph")
    uploader = page.locator('input[type="file"]')
    expect(uploader).to_be_attached(timeout=LONG)
    uploader.set_input_files({"name": "page.jpg", "mimeType": "image/jpeg", "buffer": sheet.encoded("JPEG")})
    expect(page.get_by_alt_text(re.compile("The picture, its digits boxed"))).to_be_visible(timeout=LONG)
    found = download(page, "Download")
    boxes = [Box(*box) for box in found[[*Box._fields]].to_numpy().tolist()]
    whose = match(boxes, sheet.boxes)
    right = [
        place is not None and sheet.labels[place] == digit for place, digit in zip(whose, found["digit"], strict=True)
    ]
    assert measure_proportion("accuracy", "page", np.array(right)).value > 0.9
    assert len({place for place in whose if place is not None}) > 0.9 * len(sheet.boxes)
    uploader.set_input_files({"name": "page.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(page.get_by_text("This picture cannot be read. Expected")).to_be_visible(timeout=LONG)


PASTE = """bytes => {
  const item = new DataTransfer()
  item.items.add(new File([new Uint8Array(bytes)], 'page.png', { type: 'image/png' }))
  document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: item, bubbles: true, cancelable: true }))
}"""


def test_a_picture_is_pasted_and_read(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/photograph")
    page.get_by_role("radio", name="Paste").click()
    expect(page.get_by_role("button", name="Paste a picture")).to_be_visible(timeout=LONG)
    sheet = render(handwriting(), Look(noise=2), 3, rows=2, columns=3, side=70)
    page.evaluate(PASTE, list(sheet.encoded("PNG")))
    expect(page.get_by_text("6 digits in 2 rows.").first).to_be_visible(timeout=LONG)
