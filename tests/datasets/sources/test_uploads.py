import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from digitrec.charts.pictures import as_paper
from digitrec.datasets import Dataset, load_dataset, titles
from digitrec.datasets.sources.kaggle import PIXELS
from digitrec.datasets.sources.local_files import load_path
from digitrec.datasets.sources.uploads import LONGEST_TITLE, add_upload, is_upload, list_own, load_own, remove_own
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.errors import DataError
from digitrec.ink.drawings import render

Images = NDArray[np.uint8]
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = (np.arange(40) % 10).astype(np.uint8)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def folder(data: Path) -> Path:
    (data / "own").mkdir(parents=True)
    return data / "own"


def as_npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **(arrays or {"images": IMAGES, "labels": LABELS}))
    return file.getvalue()


def as_csv(images: Images = IMAGES, labels: object = LABELS) -> bytes:
    frame = pd.DataFrame(images.reshape(len(images), -1), columns=list(PIXELS))
    frame.insert(0, "label", labels)
    return frame.to_csv(index=False).encode()


def pairs(data: Dataset) -> list[tuple[int, bytes]]:
    return sorted(
        (int(label), image.tobytes())
        for split in (data.train, data.test)
        for image, label in zip(split.images, split.labels, strict=True)
    )


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


GIVEN = sorted((int(label), image.tobytes()) for image, label in zip(IMAGES, LABELS, strict=True))


@pytest.mark.parametrize(("make", "title"), [(as_csv, "mine.csv"), (as_npz, "mine.npz"), (as_npz, "MINE.NPZ")])
def test_an_upload_comes_back(make: Callable[[], bytes], title: str) -> None:
    name = add_upload(make(), title)
    assert list_own() == {name: title}
    assert titles()[name] == title
    for data in (load_own(name), load_dataset(name)):
        assert pairs(data) == GIVEN
        assert data.name == name
        assert title in data.source
        assert (len(data.train), len(data.test)) == (32, 8)


def test_an_upload_keeps_its_splits() -> None:
    content = as_npz(x_train=IMAGES[:30], y_train=LABELS[:30], x_test=IMAGES[30:], y_test=LABELS[30:])
    data = load_own(add_upload(content, "mine.npz"))
    np.testing.assert_array_equal(data.train.images, IMAGES[:30])
    np.testing.assert_array_equal(data.test.labels, LABELS[30:])


def test_an_upload_is_split_once_and_stays_so() -> None:
    name = add_upload(as_csv(), "mine.csv")
    first, again = load_own(name), load_own(name)
    np.testing.assert_array_equal(first.test.images, again.test.images)
    np.testing.assert_array_equal(load_own(add_upload(as_csv(), "mine.csv")).test.images, first.test.images)


def test_the_same_upload_is_kept_once_and_another_beside_it(data: Path) -> None:
    first = add_upload(as_npz(), "mine.npz")
    assert add_upload(as_npz(), "renamed.npz") == first
    other = add_upload(as_npz(images=255 - IMAGES, labels=LABELS), "mine.npz")
    assert list_own() == dict(sorted({first: "renamed.npz", other: "mine.npz"}.items()))
    assert len(files_in(data / "own")) == 2


TITLES = [
    "../../x.csv",
    "/etc/passwd.csv",
    "..\\..\\x.csv",
    "C:\\x.csv",
    ".csv.csv",
    "x" * 5000 + ".csv",
    "数字 ☃ Zürich é.csv",
    "a\nb\t.csv",
    "a\0b.csv",
    "<script>.csv",
    "own/0123456789abcdef.csv",
]


@pytest.mark.parametrize("title", TITLES, ids=lambda title: ascii(title[:30]))
def test_a_title_is_shown_and_becomes_no_path(title: str, data: Path, tmp_path: Path) -> None:
    name = add_upload(as_csv(), title)
    assert is_upload(name)
    assert files_in(tmp_path / "data" / "own") == [name.removeprefix("own/")]
    assert {path.parts[0] for path in map(Path, files_in(tmp_path))} == {"data"}
    assert list_own() == {name: title[-LONGEST_TITLE:]}
    assert pairs(load_own(name)) == GIVEN


@pytest.mark.parametrize("title", ["", "mine", "mine.txt", "mine.csv.gz", ".csv", "mine.npz ", "../.."])
def test_other_forms_are_refused_by_their_title(title: str, data: Path) -> None:
    with pytest.raises(DataError, match=r"Expected a \.csv or a \.npz\. Received"):
        add_upload(as_csv(), title)
    assert not data.exists()


BAD = {
    "nothing": (b"", "mine.csv"),
    "text": (b"1,2,3", "mine.csv"),
    "a csv named npz": (as_csv(), "mine.npz"),
    "an npz named csv": (as_npz(), "mine.csv"),
    "a label of 12": (as_csv(labels=np.full(40, 12)), "mine.csv"),
    "a grey of 256": (as_csv(IMAGES.astype(int) + 1), "mine.csv"),
    "no npz": (b"PK\x03\x04", "mine.npz"),
    "half an npz": (as_npz()[:5000], "mine.npz"),
    "no labels": (as_npz(images=IMAGES), "mine.npz"),
    "objects": (as_npz(images=IMAGES, labels=np.array([*range(39), None], object)), "mine.npz"),
    "objects beside": (as_npz(images=IMAGES, labels=LABELS, more=np.array([print], object)), "mine.npz"),
    "floats": (as_npz(images=IMAGES / 255, labels=LABELS), "mine.npz"),
    "no images": (as_npz(images=IMAGES[:0], labels=LABELS[:0]), "mine.npz"),
}


@pytest.mark.parametrize(("content", "title"), BAD.values(), ids=BAD)
def test_a_bad_upload_keeps_nothing(content: bytes, title: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Received"):
        add_upload(content, title)
    assert list_own() == {}
    assert files_in(tmp_path) == []


def damaged(place: Callable[[bytes], int]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, images=IMAGES, labels=LABELS)
    content = bytearray(file.getvalue())
    content[place(content)] ^= 0x41
    return bytes(content)


DAMAGE = {
    "content": lambda _: 60,
    "flags": lambda content: content.rfind(b"PK\1\2") + 8,
    "method": lambda content: content.rfind(b"PK\1\2") + 10,
}


@pytest.mark.parametrize("place", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_compressed_upload_keeps_nothing(place: Callable[[bytes], int], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Received"):
        add_upload(damaged(place), "mine.npz")
    assert files_in(tmp_path) == []


def without_labels() -> bytes:
    return pd.DataFrame(IMAGES.reshape(40, -1), columns=list(PIXELS)).to_csv(index=False).encode()


def test_a_csv_without_labels_is_refused() -> None:
    with pytest.raises(DataError, match="column `label`"):
        add_upload(without_labels(), "mine.csv")
    assert list_own() == {}


def test_a_csv_without_labels_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        add_upload(without_labels(), "mine.csv")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(("content", "title"), [(b"1,2,3", "of mine.csv"), (b"PK", "of mine.npz")])
def test_a_refusal_names_the_file_as_its_owner_does(content: bytes, title: str) -> None:
    with pytest.raises(DataError, match=title):
        add_upload(content, title)


@pytest.mark.parametrize(
    ("content", "title"),
    [(as_csv(IMAGES[:1], LABELS[:1]), "one.csv"), (as_npz(images=IMAGES[:1], labels=LABELS[:1]), "one.npz")],
    ids=["csv", "npz"],
)
def test_a_single_image_is_refused_or_can_be_loaded(content: bytes, title: str) -> None:
    try:
        name = add_upload(content, title)
    except DataError:
        assert list_own() == {}
    else:
        load_own(name)


def test_where_nothing_can_be_kept_the_upload_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("digitrec.datasets.sources.uploads.replace_arrays", refuse)
    with pytest.raises(DataError, match=r"write 'mine\.npz' .*No space left .*set DIGITREC_DATA"):
        add_upload(as_npz(), "mine.npz")


def test_a_data_folder_that_is_none_is_told(data: Path) -> None:
    data.write_text("a file")
    with pytest.raises(DataError, match="set DIGITREC_DATA"):
        add_upload(as_npz(), "mine.npz")


def put_all(folder: Path) -> None:
    (folder / "b.CSV").write_bytes(as_csv())
    (folder / "a.npz").write_bytes(as_npz())
    for digit in range(10):
        (folder / "pictures" / str(digit)).mkdir(parents=True)
        ink = render(own_sample(digit, np.random.default_rng(0)).drawing)
        Image.fromarray(as_paper(ink)).save(folder / "pictures" / str(digit) / "one.png")
    for other in (".hidden.csv", "notes.txt", ".1234.part", "csv"):
        (folder / other).write_text("1,2,3")


def test_files_put_there_by_hand_are_listed_and_loaded(folder: Path) -> None:
    put_all(folder)
    names = ["own/a.npz", "own/b.CSV", "own/pictures"]
    assert list(list_own().items()) == [(name, name.removeprefix("own/")) for name in names]
    assert not any(map(is_upload, names))
    for name in names[:2]:
        assert pairs(load_dataset(name)) == GIVEN
    told: list[float] = []
    data = load_dataset("own/pictures", told.append)
    assert np.bincount(np.concatenate([data.train.labels, data.test.labels])).tolist() == [1] * 10
    assert told[-1] == 1
    assert [load_dataset(name).name for name in names] == names
    assert set(titles()) >= set(names)


def test_without_the_folder_there_is_none(data: Path) -> None:
    assert list_own() == {}
    assert not data.exists()


def test_removing_takes_uploads_alone(folder: Path) -> None:
    put_all(folder)
    before = files_in(folder)
    name, other = add_upload(as_csv(), "mine.csv"), add_upload(as_npz(), "mine.npz")
    for by_hand in ("own/a.npz", "own/b.CSV", "own/pictures", "own/notes.txt", "own/../own/a.npz"):
        remove_own(by_hand)
    assert files_in(folder) == sorted([*before, *(one.removeprefix("own/") for one in (name, other))])
    remove_own(name)
    remove_own(name)
    assert name not in list_own()
    assert files_in(folder) == sorted([*before, other.removeprefix("own/")])


def test_removing_stays_within_the_folder(folder: Path) -> None:
    outside = folder.parent / "0123456789abcdef.npz"
    outside.write_bytes(as_npz())
    for name in ("own/../0123456789abcdef.npz", "0123456789abcdef.npz", str(outside)):
        remove_own(name)
    assert outside.is_file()


@pytest.mark.parametrize("name", ["own/0123456789abcdef.npz", "own/../mine.npz", "own/", "", "mnist"])
def test_an_unknown_name_is_told(name: str, folder: Path) -> None:
    (folder.parent / "mine.npz").write_bytes(as_npz())
    with pytest.raises(DataError, match=rf"Expected one of the files in .*own\. Received: '{name}'"):
        load_own(name)


def test_an_upload_that_was_removed_is_told() -> None:
    name = add_upload(as_npz(), "mine.npz")
    remove_own(name)
    with pytest.raises(DataError, match="Received"):
        load_own(name)
    with pytest.raises(DataError, match="Received"):
        load_dataset(name)


@pytest.mark.parametrize("name", ["mine.txt", "mine", "mine.npz.zip"])
def test_another_form_is_told_by_its_path(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("digits")
    with pytest.raises(DataError, match=rf"folder of pictures\. Received: '.*{name}'"):
        load_path(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("own/0123456789abcdef.npz", True),
        ("own/0123456789abcde.npz", False),
        ("own/0123456789abcdef0.npz", False),
        ("own/0123456789abcdeg.npz", False),
        ("own/0123456789ABCDEF.npz", False),
        ("own/0123456789abcdef.csv", False),
        ("own/0123456789abcdef", False),
        ("own/sub/0123456789abcdef.npz", False),
    ],
)
def test_uploads_are_known_by_their_name(name: str, expected: bool) -> None:
    assert is_upload(name) == expected


@pytest.mark.parametrize("content", [b"", b"text", as_npz(), as_npz(title=np.array(["a", None], object))])
def test_an_upload_without_a_title_has_its_files_name(content: bytes, folder: Path) -> None:
    (folder / "0123456789abcdef.npz").write_bytes(content)
    assert list_own() == {"own/0123456789abcdef.npz": "0123456789abcdef.npz"}


def test_a_damaged_upload_is_still_listed(folder: Path) -> None:
    (folder / "0123456789abcdef.npz").write_bytes(as_npz()[:5000])
    try:
        listed = set(titles())
    except zipfile.BadZipFile:  # kept, it would keep the file open
        listed = set()
    assert "own/0123456789abcdef.npz" in listed
    with pytest.raises(DataError):
        load_own("own/0123456789abcdef.npz")
