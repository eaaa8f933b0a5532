"""Public functions take a path as text or as any path object, and give the same for each."""

import ast
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digitrec import storage
from digitrec.datasets import load_dataset
from digitrec.datasets.csv_stream import count_rows, sniff, stream
from digitrec.datasets.export import export
from digitrec.datasets.sources import kaggle, local_files
from digitrec.errors import DataError, ModelError, PictureError
from digitrec.ink.image_files import decode_grey, load_ink
from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.exchange.exchange import pack
from digitrec.networks.registry import find_model, input_kind
from digitrec.reading.files import is_batch, open_batch
from digitrec.reading.numbers.sequence import load_sequence_reader
from digitrec.reading.photographs import find_digits, read_sheet
from digitrec.storage import keep_arrays, kept_arrays, read_arrays

PACKAGE = Path(__file__).parent.parent / "digitrec"
ROOMS = ("ink", "datasets", "networks", "reading", "storage.py")


class Named:
    """A path object that is no `pathlib.Path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digit and a page as PNG, and digits as CSV, npz and a folder of pictures."""
    where = tmp_path_factory.mktemp("paths")
    test = load_dataset("uci").test
    images, labels = test.images[:30], test.labels[:30]
    picture = Image.fromarray(255 - np.pad(images[0], 30))
    picture.save(where / "digit.png")
    np.savez(where / "digits.npz", images=images, labels=labels)
    rows = np.column_stack([labels, images.reshape(30, -1)])
    np.savetxt(where / "digits.csv", rows, "%d", ",")
    for index, label in enumerate(labels[:4]):
        (where / "pictures" / str(label)).mkdir(parents=True, exist_ok=True)
        picture.save(where / "pictures" / str(label) / f"{index}.png")
    return where


def first_chunk(path: Any) -> list[Any]:
    batch = open_batch(path)
    return [batch.name, batch.kind, next(iter(batch.chunks())).images]


def train_images(path: Any) -> list[Any]:
    data = load_dataset(path)
    return [data.name, data.train.images]


def page_boxes(path: Any) -> list[Any]:
    return [digit.box for digit in find_digits(path).digits]


CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "load_ink": ("digit.png", load_ink),
    "decode_grey": ("digit.png", lambda path: decode_grey(path, 100)),
    "find_digits": ("digit.png", page_boxes),
    "load_dataset, csv": ("digits.csv", train_images),
    "load_dataset, npz": ("digits.npz", train_images),
    "load_dataset, folder": ("pictures", train_images),
    "load_files": ("digits.csv", lambda path: kaggle.load_files(path).test.images),
    "read_csv": ("digits.csv", lambda path: kaggle.read_csv(path)[0]),
    "file_hash": ("digits.csv", storage.file_hash),
    "load_npz": ("digits.npz", lambda path: local_files.load_npz(path).train.images),
    "load_folder": ("pictures", lambda path: local_files.load_folder(path).train.images),
    "sniff": ("digits.csv", lambda path: sniff(path, "a")),
    "count_rows": ("digits.csv", lambda path: count_rows(path, sniff(path, "a"))),
    "stream": ("digits.csv", lambda path: next(stream(path, sniff(path, "a"))).images),
    "open_batch, csv": ("digits.csv", first_chunk),
    "open_batch, npz": ("digits.npz", first_chunk),
    "open_batch, folder": ("pictures", first_chunk),
    "is_batch": ("digits.npz", is_batch),
    "read_arrays": ("digits.npz", lambda path: read_arrays(path)["images"]),
    "kept_arrays": ("digits.npz", lambda path: (kept_arrays(path) or {})["labels"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_path_may_be_text_or_an_object(name: str, folder: Path) -> None:
    file, call = CALLS[name]
    expected = call(folder / file)
    for path in (str(folder / file), Named(folder / file)):
        np.testing.assert_equal(call(path), expected)


@pytest.mark.parametrize("kind", [str, Named])
def test_a_page_is_read_from_a_path(kind: Callable[[Path], Any], folder: Path, classifier: Classifier) -> None:
    expected = read_sheet(folder / "digit.png", classifier.predict_proba)
    np.testing.assert_array_equal(
        read_sheet(kind(folder / "digit.png"), classifier.predict_proba).images, expected.images
    )
    assert len(expected.images) == 1


@pytest.mark.parametrize("kind", [str, Named])
def test_models_are_found_by_path(kind: Callable[[Path], Any]) -> None:
    path = kind(SHIPPED / "digitrec")
    assert find_model(path) == SHIPPED / "digitrec"
    assert load_classifier(path).card == read_card(path) == read_card(SHIPPED / "digitrec")
    assert "model.keras" in zipfile.ZipFile(io.BytesIO(pack(path))).namelist()
    assert input_kind(kind(SHIPPED / "digitrec-numbers")) == "number"
    assert load_sequence_reader(kind(SHIPPED / "digitrec-numbers")).card.name == "digitrec-numbers"


def test_text_without_a_slash_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_model(Path("mine")) == Path("mine")
    with pytest.raises(ModelError, match="named 'mine' in "):
        find_model("mine")
    (tmp_path / "uci").mkdir()
    assert load_dataset("uci").name == "uci"
    with pytest.raises(DataError, match="subfolders named 0 to 9"):
        load_dataset("./uci")


@pytest.mark.parametrize("kind", [str, Named])
def test_files_are_written_to_a_path(kind: Callable[[Path], Any], tmp_path: Path) -> None:
    assert export(load_dataset("uci"), kind(tmp_path / "out"), "npz") == tmp_path / "out" / "uci.npz"
    keep_arrays(kind(tmp_path / "kept" / "a.npz"), a=np.arange(3))
    np.testing.assert_array_equal(read_arrays(tmp_path / "kept" / "a.npz")["a"], [0, 1, 2])


@pytest.mark.parametrize("kind", [str, Named])
def test_a_missing_file_is_named(kind: Callable[[Path], Any], tmp_path: Path) -> None:
    missing = kind(tmp_path / "missing.png")
    for call in (load_ink, find_digits):
        with pytest.raises(PictureError, match=r"Received: 'missing\.png', which"):
            call(missing)
    with pytest.raises(DataError, match=r"missing\.png: No such file"):
        open_batch(missing)
    assert not is_batch(missing)


def demands_a_path(function: ast.FunctionDef) -> bool:
    arguments = (*function.args.args, *function.args.kwonlyargs)
    texts = [ast.unparse(one.annotation).split(" | ") for one in arguments if one.annotation is not None]
    return any("Path" in text for text in texts)


def test_no_public_function_demands_a_path_object() -> None:
    """The types alone show it: mypy refuses a function that takes `StrPath` and does not convert it."""
    files = [file for room in ROOMS for file in [*(PACKAGE / room).rglob("*.py"), PACKAGE / room] if file.is_file()]
    functions = [
        (file.name, node)
        for file in files
        if file.name != "export_check.py"  # travels in the zips of exported models, and stands alone there
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    assert len(functions) > 100
    assert [(file, node.name) for file, node in functions if demands_a_path(node)] == []
