from pathlib import Path

import numpy as np
import pytest

from digitrec.datasets import Dataset, load_dataset
from digitrec.datasets.export import export
from digitrec.datasets.sources.kaggle import read_csv
from digitrec.errors import DataError


@pytest.fixture(scope="module")
def uci() -> Dataset:
    return load_dataset("uci")


def test_arrays_come_back(uci: Dataset, tmp_path: Path) -> None:
    back = load_dataset(export(uci, tmp_path, "npz"))
    np.testing.assert_array_equal(back.train.images, uci.train.images)
    np.testing.assert_array_equal(back.test.labels, uci.test.labels)


def test_tables_come_back(uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    images, labels = read_csv(export(uci, tmp_path, "csv") / "test.csv")
    np.testing.assert_array_equal(images, uci.test.images)
    np.testing.assert_array_equal(labels, uci.test.labels)


def test_pictures_come_back(uci: Dataset, tmp_path: Path) -> None:
    folder = export(uci, tmp_path, "png")
    assert len(list((folder / "test").glob("*/*.png"))) == len(uci.test)
    back = load_dataset(folder / "test")
    assert len(back.train) + len(back.test) == len(uci.test)


def test_nothing_is_overwritten(uci: Dataset, tmp_path: Path) -> None:
    export(uci, tmp_path, "npz")
    with pytest.raises(DataError, match="exists already"):
        export(uci, tmp_path, "npz")


def test_where_nothing_can_be_written_it_is_told(uci: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="Make room there, or choose another folder"):
        export(uci, tmp_path / "file" / "folder", "npz")


def test_an_unknown_form_is_told(uci: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="npz, csv, png"):
        export(uci, tmp_path, "xls")
