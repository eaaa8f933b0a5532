from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digitrec.datasets import Dataset, load_dataset
from digitrec.datasets.quality import row_keys
from digitrec.datasets.sources import kaggle
from digitrec.datasets.sources.kaggle import PIXELS, read_csv
from digitrec.errors import DataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path))
    (tmp_path / "kaggle").mkdir()
    return tmp_path / "kaggle"


def small_frame(rows: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 256, (rows, 784)), columns=list(PIXELS))
    frame.insert(0, "label", np.arange(rows) % 10)
    return frame


def test_rows_written_from_mnist_come_back(folder: Path, mnist: Dataset) -> None:
    images, labels = mnist.train.images[:1000], mnist.train.labels[:1000]
    frame = pd.DataFrame(images.reshape(1000, -1), columns=list(PIXELS))
    frame.insert(0, "label", labels)
    frame.to_csv(folder / "train.csv", index=False)
    for _ in range(2):  # from the table, then from the converted copy
        read_images, read_labels = read_csv(folder / "train.csv")
        np.testing.assert_array_equal(read_images, images)
        np.testing.assert_array_equal(read_labels, labels)
    data = load_dataset("kaggle")
    assert (len(data.train), len(data.test)) == (800, 200)
    assert np.isin(row_keys(data.test.images), row_keys(mnist.train.images)).all()
    assert not np.isin(row_keys(data.train.images), row_keys(data.test.images)).any()


def test_a_file_of_any_name_is_read(folder: Path) -> None:
    small_frame(40).to_csv(folder / "mine.csv", index=False)
    data = load_dataset(folder / "mine.csv")
    assert len(data.train) + len(data.test) == 40


def spoil(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    frame = frame.astype(object)
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (small_frame().drop(columns="pixel17"), "785|784 columns, without pixel17"),
        (small_frame().drop(columns=list(PIXELS[5:])), "without pixel5, pixel6, pixel7 and 776 more"),
        (small_frame().rename(columns={"pixel3": "pxl3"}), "without pixel3"),
        (small_frame().assign(extra=1), "with extra"),
        (spoil(small_frame(), 1, "pixel9", "dark"), "column pixel9. Received: 'dark' in row 2"),
        (spoil(small_frame(), 2, "pixel9", 300), "0 to 255 in column pixel9. Received: 300 in row 3"),
        (spoil(small_frame(), 0, "pixel9", -1), "Received: -1 in row 1"),
        (spoil(small_frame(), 0, "pixel9", 1.5), "Received: 1.5 in row 1"),
        (spoil(small_frame(), 0, "pixel9", None), "column pixel9. Received: None in row 1"),
        (spoil(small_frame(), 1, "label", 12), "0 to 9 in column label. Received: 12 in row 2"),
        (small_frame().iloc[:0], "have rows. Received: only a header"),
    ],
)
def test_a_spoiled_file_is_told_with_its_place(folder: Path, frame: pd.DataFrame, told: str) -> None:
    frame.to_csv(folder / "train.csv", index=False)
    with pytest.raises(DataError, match=told):
        load_dataset("kaggle")
    assert not (folder.parent / "converted").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00l\x00a", b"label,pixel0\n1,2,3\n", b"\0\0\0"])
def test_what_is_no_csv_is_told(folder: Path, content: bytes) -> None:
    (folder / "train.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"train\.csv"):
        load_dataset("kaggle")


def test_a_file_without_labels_cannot_be_learned_from(folder: Path) -> None:
    small_frame().drop(columns="label").to_csv(folder / "train.csv", index=False)
    with pytest.raises(DataError, match="column `label`"):
        load_dataset("kaggle")


def test_a_file_too_large_is_refused_before_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kaggle, "MAX_BYTES", 1000)
    small_frame().to_csv(folder / "train.csv", index=False)
    with pytest.raises(DataError, match="at most"):
        load_dataset("kaggle")


def test_a_missing_file_is_told_with_its_folder(folder: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_dataset("kaggle")
    with pytest.raises(DataError, match="no such file"):
        load_dataset(folder / "other.csv")


def test_a_file_of_three_gigabytes_is_refused_unread(folder: Path) -> None:
    with (folder / "train.csv").open("wb") as file:
        file.truncate(3_000_000_000)  # a hole: it takes no room on the disk
    with pytest.raises(DataError, match=r"at most 500 MB\. Received: 3,000 MB"):
        load_dataset("kaggle")
