from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitrec.charts.pictures import as_paper
from digitrec.datasets import load_dataset
from digitrec.datasets.sources import local_files
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.errors import DataError
from digitrec.ink.drawings import render


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    for digit in range(10):
        (folder / str(digit)).mkdir(parents=True)
        for seed in range(2):
            ink = render(own_sample(digit, np.random.default_rng(seed)).drawing)
            Image.fromarray(as_paper(ink)).save(folder / str(digit) / f"{seed}.png")
    return folder


def write_npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


def test_a_folder_of_pictures_is_read(pictures: Path) -> None:
    data = load_dataset(pictures)
    assert (data.name, len(data.train), len(data.test)) == ("mine", 16, 4)
    labels = np.concatenate([data.train.labels, data.test.labels])
    assert np.bincount(labels).tolist() == [2] * 10
    assert data.train.images.shape == (16, 28, 28)


def test_a_file_that_is_no_picture_is_named(pictures: Path) -> None:
    (pictures / "3" / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    Image.fromarray(np.full((30, 30), 200, np.uint8)).save(pictures / "4" / "empty.png")
    with pytest.raises(DataError, match=r"2 other files.*film\.mp4"):
        load_dataset(pictures)


def test_a_folder_without_classes_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="subfolders named 0 to 9"):
        load_dataset(tmp_path)


def test_arrays_come_back(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8)
    labels = np.arange(50) % 10
    data = load_dataset(write_npz(tmp_path / "mine.npz", images=images, labels=labels))
    assert (len(data.train), len(data.test)) == (40, 10)
    both = np.concatenate([data.train.images, data.test.images])
    assert sorted(image.tobytes() for image in both) == sorted(image.tobytes() for image in images)


def test_arrays_as_keras_names_them_keep_their_splits(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = np.arange(30) % 10
    path = write_npz(
        tmp_path / "m.npz", x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:]
    )
    data = load_dataset(path)
    np.testing.assert_array_equal(data.test.images, images[20:])
    np.testing.assert_array_equal(data.train.labels, labels[:20])


GOOD = np.zeros((3, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"images": GOOD}, "hold images and labels"),
        ({"images": GOOD[:, :27], "labels": np.zeros(3, int)}, r"shape \(3, 27, 28\)"),
        ({"images": GOOD.astype(float), "labels": np.zeros(3, int)}, "float64"),
        ({"images": GOOD, "labels": np.zeros(2, int)}, "3 images"),
        ({"images": GOOD, "labels": np.array([1, 12, 13])}, "12 for image 1, and 1 more"),
        ({"images": GOOD[:0], "labels": np.zeros(0, int)}, r"shape \(0, 28, 28\)"),
        ({"images": GOOD, "labels": np.array([1, None, "x"], object)}, "objects"),
    ],
)
def test_spoiled_arrays_are_told(tmp_path: Path, arrays: dict[str, np.ndarray], told: str) -> None:
    with pytest.raises(DataError, match=told):
        load_dataset(write_npz(tmp_path / "mine.npz", **arrays))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_what_is_no_npz_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"mine\.npz"):
        load_dataset(tmp_path / "mine.npz")


def test_an_npz_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_files, "MAX_NPZ", 1000)
    path = write_npz(tmp_path / "mine.npz", images=GOOD, labels=np.zeros(3, int))
    with pytest.raises(DataError, match="unpack to at most"):
        load_dataset(path)
