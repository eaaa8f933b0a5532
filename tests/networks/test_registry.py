import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from pydantic import ValidationError

from digitrec.datasets import Dataset
from digitrec.datasets.sources.pen import PenDigit, draw_pen_digits, split_by_writer
from digitrec.errors import ModelError
from digitrec.evaluation.metrics import Measurement
from digitrec.networks.card import SHIPPED, Card, read_card, read_model_file
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import (
    PATH_FILES,
    SHIPPED_NAME,
    check_name,
    delete_model,
    find_model,
    is_own,
    keep_model,
    list_models,
    models_folders,
    rename_model,
    restore_model,
    workshop,
)
from digitrec.storage import replace_file


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / SHIPPED_NAME, tmp_path / "copy"))


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
    assert read_model_file(model_folder, "model.tflite", card) == (model_folder / "model.tflite").read_bytes()


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
        ("measured", [{"kind": "accuracy", "what": "x", "n": 0, "value": 1, "low": 1, "high": 1}], "measured.0.n"),
        ("measured", [{"kind": "accuracy", "what": "x", "n": 9, "value": 1, "low": 1}], "measured.0.high"),
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
        read_model_file(model_folder, "model.tflite", card)


def test_a_changed_model_file_is_refused(model_folder: Path) -> None:
    path = model_folder / "model.tflite"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite with the sha256 in its card.* Received: .*damaged.* Export"):
        read_model_file(model_folder, "model.tflite", read_card(model_folder))


def test_a_model_file_that_the_card_does_not_name_is_refused(
    model_folder: Path, change_card: Callable[..., None]
) -> None:
    change_card(files={})
    with pytest.raises(ModelError, match=r"sha256 in its card, none"):
        read_model_file(model_folder, "model.tflite", read_card(model_folder))


def test_for_a_shipped_model_git_is_the_remedy(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digitrec.networks.card.SHIPPED", model_folder.parent)
    (model_folder / "card.json").unlink()
    with pytest.raises(ModelError, match=r"Get it back with `git checkout models` or remake it with `make model`\."):
        read_card(model_folder)


def test_cards_and_figures_cannot_be_changed(model_folder: Path) -> None:
    card = read_card(model_folder)
    with pytest.raises(ValidationError, match="frozen"):
        card.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        Measurement(kind="accuracy", what="x", n=1, value=1, low=0, high=1).n = 2


def test_a_card_comes_back_as_it_was_written(model_folder: Path) -> None:
    card = read_card(model_folder)
    assert Card.model_validate_json(card.model_dump_json(indent=2)) == card


def share_read(card: Card, what: str) -> float:
    return next(figure.value for figure in card.measured if figure.kind == "accuracy" and what in figure.what)


def test_the_shipped_model_keeps_its_bars() -> None:
    folder = SHIPPED / SHIPPED_NAME
    card = read_card(folder)
    assert share_read(card, "MNIST test") >= 0.995
    assert share_read(card, "Pen digits") >= 0.985
    assert (folder / "model.tflite").stat().st_size <= 1_500_000


def test_the_shipped_files_are_those_of_the_card() -> None:
    folder = SHIPPED / SHIPPED_NAME
    card = read_card(folder)
    assert set(card.files) == {"model.keras", "model.tflite", "model.safetensors", *PATH_FILES, "drawings.npz"}
    for name in card.files:
        assert read_model_file(folder, name, card)


@pytest.mark.full_data
def test_the_card_tells_what_the_shipped_model_reads(
    classifier: Classifier, pen_digits: tuple[PenDigit, ...], mnist: Dataset
) -> None:
    held_out = draw_pen_digits(split_by_writer(pen_digits)[1][::3], np.random.default_rng(9))
    for split, name, spread in ((mnist.test, "MNIST test", 0.0001), (held_out, "Pen digits", 0.01)):
        right = (classifier.predict_proba(split.images).argmax(axis=1) == split.labels).mean()
        assert right == pytest.approx(share_read(classifier.card, name), abs=spread)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path / "own"))
    return tmp_path / "own"


BAD_NAMES = [
    "../x",
    "a/b",
    "a\\b",
    "",
    ".",
    "..",
    "x" * 41,
    ".hidden",
    "con ",
    " x",
    "x.",
    "-x",
    "a\n",
    "a\0b",
    "é",
    "C:",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_only_a_folders_name_is_a_models_name(name: str, own: Path, model_folder: Path) -> None:
    with pytest.raises(ModelError, match="Expected a name of up to 40 letters"):
        check_name(name)
    with pytest.raises(ModelError):
        keep_model(model_folder, name)
    keep_model(model_folder, "mine")
    with pytest.raises(ModelError):
        rename_model("mine", name)
    for change in (delete_model, restore_model):
        with pytest.raises(ModelError):
            change(name)
    assert [path.name for path in own.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["x", "x" * 40, "My model 2", "a.b-c_d", "7"])
def test_a_name_that_is_free_is_allowed(name: str, own: Path, model_folder: Path) -> None:
    assert keep_model(model_folder, name) == own / name
    assert read_card(own / name).name == name


def test_a_model_that_is_kept_is_listed_after_the_shipped_and_reads_as_before(
    own: Path, model_folder: Path, classifier: Classifier
) -> None:
    keep_model(model_folder, "zebra")
    keep_model(model_folder, "ape")
    assert list(list_models()) == ["digitrec", "ape", "zebra"]
    assert list_models()["ape"] == own / "ape"
    assert [is_own(name) for name in ("digitrec", "ape", "none")] == [False, True, False]
    again = load_classifier("ape")
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(again.predict_proba(images), classifier.predict_proba(images))
    assert sorted(path.name for path in (own / "ape").iterdir()) == sorted(["card.json", *again.card.files])


def test_a_damaged_model_is_not_kept(own: Path, model_folder: Path) -> None:
    with (model_folder / "model.tflite").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="damaged"):
        keep_model(model_folder, "mine")
    assert not own.exists()


def test_where_nothing_can_be_written_no_model_is_left(own: Path, model_folder: Path) -> None:
    own.write_text("in the way")
    with pytest.raises(ModelError, match=r"write the model to .*mine\. Received: .*Make room, or set DIGITREC_MODELS"):
        keep_model(model_folder, "mine")
    own.unlink()
    (own / "mine").mkdir(parents=True)
    (own / "mine" / "notes").touch()
    with pytest.raises(ModelError, match=r"write the model to .*mine"):
        keep_model(model_folder, "mine")
    assert [path.name for path in own.iterdir()] == ["mine"]
    assert [path.name for path in (own / "mine").iterdir()] == ["notes"]


def test_a_taken_name_is_refused(own: Path, model_folder: Path) -> None:
    keep_model(model_folder, "mine")
    for name in ("mine", "digitrec"):
        with pytest.raises(ModelError, match="no model has yet"):
            keep_model(model_folder, name)
        with pytest.raises(ModelError, match="no model has yet"):
            rename_model("mine", name)
    assert [path.name for path in own.iterdir()] == ["mine"]
    assert read_card(own / "mine").name == "mine"


def test_a_model_is_renamed_in_its_card_too(own: Path, model_folder: Path) -> None:
    keep_model(model_folder, "mine")
    rename_model("mine", "yours")
    assert [path.name for path in own.iterdir()] == ["yours"]
    assert load_classifier("yours").card.name == "yours"


def test_a_folder_in_the_way_of_a_rename_is_told_and_changes_nothing(own: Path, model_folder: Path) -> None:
    keep_model(model_folder, "mine")
    (own / "taken").mkdir()
    (own / "taken" / "notes").touch()
    with pytest.raises(ModelError):
        rename_model("mine", "taken")
    assert read_card(own / "mine").name == "mine"


@pytest.mark.parametrize("name", ["digitrec", "none"])
def test_what_is_not_ones_own_stays(name: str, own: Path) -> None:
    for change in (delete_model, lambda name: rename_model(name, "other")):
        with pytest.raises(ModelError, match="one of your own models"):
            change(name)
    assert (SHIPPED / SHIPPED_NAME / "card.json").is_file()


def test_the_model_that_was_deleted_last_comes_back(own: Path, model_folder: Path) -> None:
    for name in ("first", "second"):
        keep_model(model_folder, name)
    before = read_card(own / "second")
    delete_model("first")
    delete_model("second")
    assert list(list_models()) == ["digitrec"]
    with pytest.raises(ModelError, match="It is gone"):
        restore_model("first")
    restore_model("second")
    assert read_card(own / "second") == before
    assert is_own("second")
    with pytest.raises(ModelError, match="no model has yet"):
        restore_model("second")


def test_where_nothing_can_be_written_a_model_stays_as_it_is(
    own: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    keep_model(model_folder, "mine")
    delete_model("mine")
    keep_model(model_folder, "other")
    monkeypatch.setattr(Path, "rename", refuse)
    for change, name in ((restore_model, "mine"), (delete_model, "other")):
        with pytest.raises(ModelError, match=r"Received: Permission denied\. Make room there, or set DIGITREC_MODELS"):
            change(name)
    assert is_own("other")


def test_a_workshop_is_no_model_and_leaves_nothing(own: Path) -> None:
    with workshop() as folder:
        (folder / "card.json").write_text("{}")
        assert folder.parent == own
        assert folder.name not in list_models(None)
    assert list(own.iterdir()) == []
    with pytest.raises(ModelError, match="No space left"), workshop():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_model_is_not_restored_over_another(own: Path, model_folder: Path) -> None:
    keep_model(model_folder, "mine")
    delete_model("mine")
    keep_model(model_folder, "mine")
    with pytest.raises(ModelError, match="no model has yet"):
        restore_model("mine")
    assert is_own("mine")


def test_a_card_is_read_once_to_list_the_models_and_again_when_it_was_replaced(
    own: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_model(model_folder, "mine")
    read, cards = Path.read_bytes, list[Path]()

    def watch(path: Path) -> bytes:
        cards.append(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", watch)
    assert "mine" in list_models()
    cards.clear()
    assert "mine" in list_models()
    assert not cards
    card = own / "mine" / "card.json"
    replace_file(card, json.dumps(json.loads(read(card)) | {"network": "digitrec-numbers"}))
    assert "mine" not in list_models()
    assert "mine" in list_models("number")
    assert set(cards) == {card}
