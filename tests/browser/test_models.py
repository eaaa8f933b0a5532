import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from digitrec.networks.card import SHIPPED
from digitrec.networks.registry import delete_model, list_models
from tests.browser.app import PATIENCE, Server

pytestmark = pytest.mark.browser
HEADER, ROW = 35, 35  # pixels
LONG = 60_000  # ms


def tick(page: Page, row: int) -> None:
    """Tick a row of the table, which is a canvas, so that there is nothing to name."""
    table = page.locator("[data-testid=stDataFrame]").first
    expect(table.locator("canvas").first).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(500)
    corner = table.bounding_box()
    assert corner
    page.mouse.click(corner["x"] + 16, corner["y"] + HEADER + ROW * (row + 0.5))


def test_a_model_comes_from_a_file_is_compared_packed_deleted_and_got_back(
    bare_page: Page, bare_server: Server, tmp_path: Path
) -> None:
    page, name = bare_page, "A file"
    page.goto(f"{bare_server.address}/models")
    page.get_by_text("Add a model from a file").click()
    choose = page.locator("input[type=file]")
    choose.set_input_files({"name": "x.tflite", "mimeType": "application/octet-stream", "buffer": b"no model"})
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text(re.compile("The model was not added.*LiteRT cannot read"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name=re.compile("Remove|Delete")).first.click()
    choose.set_input_files(SHIPPED / "digitrec" / "model.tflite")
    expect(page.get_by_text("model.tflite", exact=True)).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text(f"{name} was added.")).to_be_visible(timeout=LONG)
    assert list(list_models())[:2] == ["digitrec", name]

    tick(page, 0)
    expect(page.get_by_role("button", name="Use this model")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("Export", exact=True).click()
    with page.expect_download(timeout=LONG) as download:
        page.get_by_role("button", name=re.compile(r"Download \(\.zip")).click(timeout=LONG)
    download.value.save_as(tmp_path / "packed.zip")
    with zipfile.ZipFile(tmp_path / "packed.zip") as packed:
        assert {"model.onnx", "golden.npz", "check.py"} < set(packed.namelist())

    tick(page, 2)  # after the one that reads numbers
    expect(page.get_by_text("Of the 450 test images")).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("reads 0 correctly, and only .* 0\\."))).to_be_visible()
    tick(page, 0)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text(f"{name} was deleted.")).to_be_visible(timeout=PATIENCE)
    assert name not in list_models()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{name} was deleted.")).to_have_count(0, timeout=PATIENCE)
    assert name in list_models()
    delete_model(name)
