import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from pydantic import ValidationError

from digitrec.classifier import Classifier
from digitrec.datasets import Dataset
from digitrec.datasets.pen import PenDigit, draw_all, split_by_writer
from digitrec.errors import ModelError
from digitrec.registry import (
    SHIPPED,
    SHIPPED_NAME,
    Card,
    Measurement,
    find_model,
    models_folders,
    read_card,
    read_file,
)


def test_models_are_looked_for_in_the_variables_folder_before_the_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path))
    assert models_folders() == [tmp_path, SHIPPED]
    (tmp_path / "digitrec").mkdir()
    assert find_model() == tmp_path / "digitrec"
    monkeypatch.delenv("DIGITREC_MODELS")
    assert models_folders() == [platformdirs.user_data_path("digitrec") / "models", SHIPPED]


def test_a_model_is_found_by_name_and_by_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path / "models"))
    own, elsewhere = tmp_path / "models" / "mine", tmp_path / "elsewhere"
    own.mkdir(parents=True)
    elsewhere.mkdir()
    assert find_model("mine") == own
    assert find_model(elsewhere) == elsewhere
    assert find_model(str(elsewhere)) == elsewhere


def test_an_unknown_model_is_named_with_the_places_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match=r"named 'no-such-model' .* Received: no such folder\. .*make model") as caught:
        find_model("no-such-model")
    assert str(tmp_path) in str(caught.value)
    assert str(SHIPPED) in str(caught.value)


def test_a_file_is_no_model_folder(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"")
    with pytest.raises(ModelError, match="no such folder"):
        find_model(tmp_path / "model.tflite")


def test_the_shipped_card_is_read_and_names_its_file(model_folder: Path) -> None:
    card = read_card(model_folder)
    assert card.name
    assert 0 <= card.unsure_below <= 1
    assert read_file(model_folder, "model.tflite", card) == (model_folder / "model.tflite").read_bytes()


def test_a_missing_card_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card at .*card\.json\. Received: no such file\. Export the model again"):
        read_card(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\ufeff"], ids=repr)
def test_a_damaged_card_is_named_with_what_to_do(text: str, model_folder: Path) -> None:
    (model_folder / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"card\.json to be a model's card\. Received: the whole file: .*Export"):
        read_card(model_folder)


def test_a_card_that_is_no_text_is_named_with_what_to_do(model_folder: Path) -> None:
    (model_folder / "card.json").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ModelError, match=r"card\.json .*Export"):
        read_card(model_folder)


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("unsure_below", 1.5, "unsure_below"),
        ("unsure_below", "high", "unsure_below"),
        ("parameters", 0, "parameters"),
        ("parameters", None, "parameters"),
        ("files", ["model.tflite"], "files"),
        ("name", 7, "name"),
        ("weaknesses", "none", "weaknesses"),
        ("measured", [{"kind": "read", "what": "x", "n": 0, "share": 1, "low": 1, "high": 1}], "measured.0.n"),
        ("measured", [{"kind": "read", "what": "x", "n": 9, "share": 1, "low": 1}], "measured.0.high"),
    ],
)
def test_a_broken_field_of_a_card_is_named(
    field: str, value: object, where: str, model_folder: Path, change_card: Callable[..., None]
) -> None:
    change_card(**{field: value})
    with pytest.raises(ModelError, match=rf"card\.json .*Received: {where}: .+\. Export the model again"):
        read_card(model_folder)


def test_a_field_that_is_not_there_is_named(model_folder: Path) -> None:
    path = model_folder / "card.json"
    fields = json.loads(path.read_text())
    del fields["unsure_below"]
    path.write_text(json.dumps(fields))
    with pytest.raises(ModelError, match="Received: unsure_below: Field required"):
        read_card(model_folder)


def test_a_missing_model_file_is_named(model_folder: Path) -> None:
    card = read_card(model_folder)
    (model_folder / "model.tflite").unlink()
    with pytest.raises(ModelError, match=r"model file at .*model\.tflite\. Received: no such file\. Export"):
        read_file(model_folder, "model.tflite", card)


def test_a_changed_model_file_is_refused(model_folder: Path) -> None:
    path = model_folder / "model.tflite"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite with the sha256 in its card.* Received: .*damaged.* Export"):
        read_file(model_folder, "model.tflite", read_card(model_folder))


def test_a_model_file_that_the_card_does_not_name_is_refused(
    model_folder: Path, change_card: Callable[..., None]
) -> None:
    change_card(files={})
    with pytest.raises(ModelError, match=r"sha256 in its card, none"):
        read_file(model_folder, "model.tflite", read_card(model_folder))


def test_for_a_shipped_model_git_is_the_remedy(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digitrec.registry.SHIPPED", model_folder.parent)
    (model_folder / "card.json").unlink()
    with pytest.raises(ModelError, match=r"Get it back with `git checkout models` or remake it with `make model`\."):
        read_card(model_folder)


def test_cards_and_figures_cannot_be_changed(model_folder: Path) -> None:
    card = read_card(model_folder)
    with pytest.raises(ValidationError, match="frozen"):
        card.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        Measurement(kind="read", what="x", n=1, share=1, low=0, high=1).n = 2


def test_a_card_comes_back_as_it_was_written(model_folder: Path) -> None:
    card = read_card(model_folder)
    assert Card.model_validate_json(card.model_dump_json(indent=2)) == card


def share_read(card: Card, what: str) -> float:
    return next(figure.share for figure in card.measured if figure.kind == "read" and what in figure.what)


def test_the_shipped_model_keeps_its_bars() -> None:
    folder = SHIPPED / SHIPPED_NAME
    card = read_card(folder)
    assert share_read(card, "MNIST test") >= 0.996
    assert share_read(card, "Pen digits") >= 0.985
    assert (folder / "model.tflite").stat().st_size <= 1_500_000


def test_the_shipped_files_are_those_of_the_card() -> None:
    folder = SHIPPED / SHIPPED_NAME
    card = read_card(folder)
    assert set(card.files) == {"model.keras", "model.tflite"}
    for name in card.files:
        assert read_file(folder, name, card)


def test_the_card_tells_what_the_shipped_model_reads(
    classifier: Classifier, pen_digits: tuple[PenDigit, ...], mnist: Dataset
) -> None:
    held_out = draw_all(split_by_writer(pen_digits)[1][::3], np.random.default_rng(9))
    for split, name, spread in ((mnist.test, "MNIST test", 0.0001), (held_out, "Pen digits", 0.01)):
        right = (classifier.predict_proba(split.images).argmax(axis=1) == split.labels).mean()
        assert right == pytest.approx(share_read(classifier.card, name), abs=spread)
