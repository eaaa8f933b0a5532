import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from digitrec.datasets import Dataset, load_dataset
from digitrec.datasets.exploration.properties import measure_images
from digitrec.evaluation.cross_validation import held_out_path
from digitrec.networks.card import SHIPPED, read_card, write_card
from digitrec.networks.classifier import Classifier
from digitrec.networks.verdict import digit_probability
from digitrec.training.worker.network import build_keras
from digitrec.training.worker.saving import save_files
from digitrec.words import with_article
from tests import opening

ROOT = Path(__file__).parent.parent
PAGES = sorted(page.name for page in (ROOT / "pages").glob("*.py"))


# t-SNE takes its time, and is waited for in a browser.
QUICKER = {"map.py": {"map_by": "PCA"}}


def open_page(name: str) -> AppTest:
    page = opening.open_page(name)
    for key, value in QUICKER.get(name, {}).items():
        page.query_params[key] = value
    return page.run()


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
    assert any("No problems were found" in text.value for text in page.markdown)
    assert page.dataframe[0].value["count"].sum() == 1347


def test_labels_sorts_and_changes_its_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("labels.py")
    page.button_group(key="split").set_value("test").run()
    assert page.dataframe[0].value["count"].sum() == 450


def test_samples_shows_one_in_full_with_a_link_to_the_canvas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("samples.py")
    assert "Select an image" in page.info[1].value
    page.session_state["picked_image"] = ("uci", "train", 3)
    page.run()
    label = int(load_dataset("uci").train.labels[3])
    assert page.subheader[0].value == f"Image 3: {with_article(label)}"
    assert not page.exception
    (link,) = page.get("page_link")
    assert (link.proto.label, link.proto.query_string) == ("Open on the canvas", "image=uci-train-3")


@pytest.mark.full_data
def test_samples_says_where_there_are_none(mnist: Dataset) -> None:
    page = open_page("samples.py")
    page.number_input(key="writer").set_value(int(np.setdiff1d(np.arange(4000), mnist.train.writers)[0])).run()
    assert "There are no such images" in page.info[0].value


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
    assert any("makes no mistakes here" in info.value for info in page.info)
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


def test_the_thresholds_reject_what_the_model_is_not_sure_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, classifier: Classifier
) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    answers = classifier.predict_proba(load_dataset("uci").test.images)
    confidence, shares = answers.max(axis=1).astype(float), digit_probability(answers)
    card, rejected = classifier.card, classifier.are_unsure(answers)
    assert rejected.sum() > (confidence < card.unsure_below).sum()  # both thresholds matter
    page = open_page("mistakes.py")
    page.button_group(key="view").set_value("Confidence").run()

    def says(rejected: NDArray[np.bool_]) -> bool:
        told = f"It answers **{(~rejected).sum():,}** of 450 images"
        return any(told in text.value and f"rejects **{rejected.sum():,}**" in text.value for text in page.markdown)

    assert says(rejected)
    page.slider(key=f"threshold-confidence-{card.unsure_below}").set_value(90.0).run()
    assert says((confidence < 0.9) | (shares < card.digit_below))
    page.slider(key=f"threshold-digit-{card.digit_below}").set_value(99.0).run()
    assert says((confidence < 0.9) | (shares < 0.99))
    assert not page.exception


def test_one_image_in_full_with_every_view_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("mistakes.py")
    page.session_state["picked_image"] = ("uci", "test", 3)
    page.run()
    assert page.subheader[0].value.startswith(f"Image 3: {with_article(int(load_dataset('uci').test.labels[3]))}, ")
    assert not page.exception
    (link,) = page.get("page_link")
    assert (link.proto.label, link.proto.query_string) == ("Open on the canvas", "image=uci-test-3&model=digitrec")


@pytest.fixture
def own_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the shipped model among one's own."""
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path / "models"))
    folder = tmp_path / "models" / "mine"
    shutil.copytree(SHIPPED / "digitrec", folder)
    return folder


def put_network(folder: Path, name: str) -> None:
    """Replace a model's files by an untaught network's, its card included."""
    files = save_files(build_keras(name), build_keras(name), folder)
    write_card(folder, read_card(folder).model_copy(update={"network": name, "files": files, "path": None}))
    os.utime(folder / "card.json", (time.time() + 5, time.time() + 5))  # a file system may count whole seconds


def test_a_model_that_is_replaced_while_its_mistakes_are_looked_at_is_asked_anew(own_model: Path) -> None:
    page = open_page("mistakes.py")
    page.selectbox(key="examined").set_value("mine").run()
    before = page.metric[0].value
    put_network(own_model, "dense-128")
    page.run()
    assert not page.exception
    assert not page.error
    assert float(page.metric[0].value.rstrip("%")) < 50 < float(before.rstrip("%"))


def test_a_model_that_is_damaged_while_its_mistakes_are_looked_at_is_told(own_model: Path) -> None:
    page = open_page("mistakes.py")
    page.selectbox(key="examined").set_value("mine").run()
    (own_model / "model.tflite").write_bytes(b"something else")
    os.utime(own_model / "card.json", (time.time() + 5, time.time() + 5))
    page.run()
    assert not page.exception
    assert "The images could not be read. Expected" in page.error[0].value.replace("\\", "")


def test_a_model_that_is_deleted_while_its_mistakes_are_looked_at_makes_room_for_another(own_model: Path) -> None:
    page = open_page("mistakes.py")
    page.selectbox(key="examined").set_value("mine").run()
    shutil.rmtree(own_model)
    page.run()
    assert not page.exception
    assert page.selectbox(key="examined").value == "digitrec"
    assert page.metric[0].value.endswith("%")


def test_labels_to_learn_from_are_doubted_by_networks_that_have_not_learned_from_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = open_page("mistakes.py")
    page.button_group(key="examined_part").set_value("train").run()
    page.button_group(key="view").set_value("Labels in doubt").run()
    assert any(button.label == "Cross-validate" for button in page.button)
    data = load_dataset("uci")
    answers = np.eye(10, dtype=np.float32)[data.train.labels]
    answers[[5, 700]] = np.eye(10, dtype=np.float32)[(data.train.labels[[5, 700]] + 1) % 10]
    held_out_path(data).parent.mkdir(parents=True, exist_ok=True)
    np.save(held_out_path(data), answers)
    page.run()
    assert not page.exception
    assert any(caption.value.startswith("Cross-validated: three networks") for caption in page.caption)
    assert any("of 2 labels in doubt" in text.value for text in page.markdown)
    doubted = [text.value for text in page.markdown if text.value.startswith("Labelled")]
    labels = sorted(int(data.train.labels[place]) for place in (5, 700))
    assert sorted(int(text.split("**")[1]) for text in doubted) == labels


def test_a_link_leads_to_the_same_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = opening.open_page("mistakes.py")
    for name, value in {"answers": "all", "is_a": "4", "slant": ["0", "20"], "page": "1"}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert (page.slider(key="slant").value, page.slider(key="ink").value) == ((0, 20), (0, 60))
    test = load_dataset("uci").test
    fours = measure_images(test.images, test.labels)[test.labels == 4]
    count = int(fours["slant"].between(0, 20).sum())
    assert any(caption.value.startswith(f"{count:,} of 450 images") for caption in page.caption)


@pytest.mark.parametrize(
    ("page_name", "key", "given", "value"),
    [
        ("augmentation.py", "augment-shear", "0.3", 0.3),
        ("composing.py", "number-length", ["3", "4"], (3, 4)),
    ],
)
def test_a_link_leads_to_the_same_sliders(
    *, page_name: str, key: str, given: str | list[str], value: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = opening.open_page(page_name)
    page.query_params[key] = given
    page.run()
    assert not page.exception
    assert page.slider(key=key).value == value


def test_a_link_leads_to_the_same_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    page = opening.open_page("samples.py")
    page.query_params["place"] = "7"
    page.run()
    assert not page.exception
    assert page.subheader[0].value == f"Image 7: {with_article(int(load_dataset('uci').train.labels[7]))}"


def test_a_damaged_model_does_not_keep_the_others_from_reading(own_model: Path) -> None:
    (own_model / "model.tflite").write_bytes(b"something else")
    page = open_page("robustness.py")
    page.multiselect(key="robust_models").set_value(["mine", "digitrec"]).run()
    assert not page.exception
    assert "mine could not read the images. Expected" in page.warning[0].value.replace("\\", "")
    assert len(page.get("plotly_chart")) == 1  # the curves of the other
    page = open_page("mistakes.py")
    page.session_state["picked_image"], page.session_state["one"] = ("uci", "test", 3), "Other models"
    page.run()
    assert not page.exception
    assert "mine could not read it. Expected" in page.warning[0].value.replace("\\", "")


@pytest.mark.full_data
def test_a_page_that_is_not_there_any_more_makes_room_for_the_last(mnist: Dataset) -> None:
    page = open_page("mistakes.py")
    page.selectbox(key="source").set_value("mnist").run()
    page.button_group(key="answers").set_value("all").run()
    page.number_input(key="page").set_value(100).run()
    page.selectbox(key="is_a").set_value("4").run()
    assert not page.exception
    assert page.number_input(key="page").value == 10


def test_an_image_that_is_there_twice_is_doubted_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    test = load_dataset("uci").test
    images = np.concatenate([test.images, test.images[test.labels == 3][:1].repeat(2, axis=0)])
    labels = np.concatenate([test.labels, np.array([8, 8], np.uint8)])
    (tmp_path / "own").mkdir()
    np.savez(tmp_path / "own" / "twice.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    page = open_page("mistakes.py")
    page.selectbox(key="source").set_value("own/twice.npz").run()
    page.button_group(key="view").set_value("Labels in doubt").run()
    assert not page.exception
    twice = [text.value for text in page.markdown if text.value.startswith("Labelled **8**")]
    assert len(twice) >= 2
