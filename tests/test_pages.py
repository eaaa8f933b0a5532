from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from digitrec.datasets import Dataset, load_dataset

ROOT = Path(__file__).parent.parent
PAGES = sorted(page.name for page in (ROOT / "pages").glob("*.py"))


def open_page(name: str) -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run().switch_page(f"pages/{name}").run()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_any_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page(name)
    assert not page.exception
    assert not page.error
    assert len(page.title) == 1
    assert page.markdown[0].value.endswith(".")


def test_labels_tells_of_the_bundled_digits_and_offers_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("labels.py")
    assert "come with digitrec" in page.info[0].value
    assert page.selectbox[0].value == "uci"
    assert any("Nothing odd" in text.value for text in page.markdown)
    assert page.dataframe[0].value["count"].sum() == 1347


def test_labels_sorts_and_changes_its_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("labels.py")
    page.button_group(key="split").set_value("test").run()
    assert page.dataframe[0].value["count"].sum() == 450


def test_samples_shows_one_in_full_with_a_link_to_the_canvas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("samples.py")
    assert "Pick an image" in page.info[1].value
    page.session_state["place"] = ("uci", "train", 3)
    page.run()
    label = load_dataset("uci").train.labels[3]
    assert page.subheader[0].value == f"Number 3: a {label}"
    assert not page.exception
    (link,) = page.get("page_link")
    assert (link.proto.label, link.proto.query_string) == ("Read this one", "image=uci-train-3")


def test_samples_says_where_there_are_none(mnist: Dataset) -> None:
    page = open_page("samples.py")
    page.number_input(key="writer").set_value(int(np.setdiff1d(np.arange(4000), mnist.train.writers)[0])).run()
    assert "Nobody wrote" in page.info[0].value
