from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from digitrec.classifier import Classifier
from digitrec.datasets import Dataset, load_dataset
from digitrec.words import with_article

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


def put_own(folder: Path, n: int, label: int) -> None:
    """Own data of n images of one digit to learn from, and as many to test with."""
    data = load_dataset("uci").test
    images = data.images[data.labels == label][:n]
    labels = np.full(n, label, np.uint8)
    (folder / "own").mkdir()
    np.savez(folder / "own" / "mine.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)


VIEWS = ("Mistakes", "Groups", "Confidence", "Labels in doubt")


@pytest.mark.parametrize(("n", "label"), [(1, 4), (6, 0)], ids=["one image", "one class"])
def test_the_mistakes_of_next_to_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n: int, label: int) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    put_own(tmp_path, n, label)
    page = open_page("mistakes.py")
    page.selectbox(key="source").set_value("own/mine.npz").run()
    for view in VIEWS:
        page.button_group(key="view").set_value(view).run()
        assert not page.exception
        assert not page.error
    page.button_group(key="view").set_value("Mistakes").run()
    assert any("makes no mistake here" in info.value for info in page.info)
    assert page.metric[1].value == f"0 of {n}"


def test_probabilities_that_are_none_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    monkeypatch.setattr(
        Classifier, "predict_proba", lambda self, images: np.full((len(images), 10), np.nan, np.float32)
    )
    put_own(tmp_path, 3, 5)
    page = open_page("mistakes.py")
    page.selectbox(key="source").set_value("own/mine.npz").run()
    assert not page.exception
    assert "The images could not be read. Expected" in page.error[0].value.replace("\\", "")


def test_one_image_in_full_with_every_view_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("mistakes.py")
    page.session_state["place"] = ("uci", "test", 3)
    page.run()
    assert page.subheader[0].value.startswith(
        f"Number 3: {with_article(int(load_dataset('uci').test.labels[3]))}, read"
    )
    assert not page.exception
    (link,) = page.get("page_link")
    assert (link.proto.label, link.proto.query_string) == ("Open on the canvas", "image=uci-test-3&model=digitrec")
