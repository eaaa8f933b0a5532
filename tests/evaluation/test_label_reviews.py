from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from digitrec.datasets import Dataset, Split
from digitrec.errors import DataError
from digitrec.evaluation import label_reviews
from digitrec.evaluation.label_reviews import (
    FILE,
    VERDICTS,
    image_name,
    read_judgements,
    review_label,
    with_reviewed_labels,
)

RNG = np.random.default_rng(0)


def some(n: int = 12) -> Split:
    return Split(RNG.integers(0, 256, (n, 28, 28)).astype(np.uint8), (np.arange(n) % 10).astype(np.uint8))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_what_was_said_is_found_again_replaced_and_taken_back() -> None:
    split = some()
    assert len(read_judgements(split)) == 0
    review_label("own", split.images[5], 5, 6, "label wrong")
    review_label("own", split.images[2], 2, 7, "model wrong")
    said = read_judgements(split)
    assert said[["place", "label", "suggested", "verdict"]].to_numpy().tolist() == [
        [2, 2, 7, "model wrong"],
        [5, 5, 6, "label wrong"],
    ]
    review_label("own", split.images[5], 5, 6, "cannot tell")
    assert read_judgements(split)["verdict"].tolist() == ["model wrong", "cannot tell"]
    review_label("own", split.images[2], 2, 7, None)
    assert read_judgements(split)["place"].tolist() == [5]


def test_a_judgement_belongs_to_an_image_and_its_label_wherever_it_is() -> None:
    split = some()
    review_label("own", split.images[5], 5, 6, "label wrong")
    order = np.array([7, 5, 1])
    moved = Split(split.images[order], split.labels[order])
    assert read_judgements(moved)["place"].tolist() == [1]
    relabelled = Split(split.images, np.where(split.labels == 5, 6, split.labels).astype(np.uint8))
    assert len(read_judgements(relabelled)) == 0
    twice = Split(split.images[[5, 5]], split.labels[[5, 5]])
    assert read_judgements(twice)["place"].tolist() == [0, 1]


def test_a_corrected_copy_leaves_the_data_as_it_is() -> None:
    data = Dataset("own", some(), some(), "", "")
    before = data.train.labels.copy()
    review_label("own", data.train.images[3], 3, 8, VERDICTS[0])
    review_label("own", data.train.images[4], 4, 9, VERDICTS[1])
    review_label("own", data.test.images[6], 6, 0, VERDICTS[2])
    copy = with_reviewed_labels(data)
    assert np.flatnonzero(copy.train.labels != before).tolist() == [3]
    assert copy.train.labels[3] == 8
    np.testing.assert_array_equal(copy.test.images, np.delete(data.test.images, 6, axis=0))
    np.testing.assert_array_equal(data.train.labels, before)


def test_other_verdicts_and_a_file_that_is_no_database_are_told(folder: Path) -> None:
    split = some()
    with pytest.raises(DataError, match="Expected one of label wrong"):
        review_label("own", split.images[0], 0, 1, "'; drop table judgements")
    folder.mkdir()
    (folder / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(DataError, match="not a database"):
        read_judgements(split)


def test_reading_creates_and_changes_nothing(folder: Path) -> None:
    split = some()
    assert len(read_judgements(split)) == 0
    assert not folder.exists()
    review_label("own", split.images[5], 5, 6, "label wrong")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert len(read_judgements(split)) == 1
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_a_data_folder_that_is_none_has_no_reviews(folder: Path) -> None:
    folder.write_text("in the way")
    assert len(read_judgements(some())) == 0
    with pytest.raises(DataError, match="Set DIGITREC_DATA to a writable folder"):
        review_label("own", some().images[0], 0, 1, "label wrong")


def test_an_empty_database_has_no_reviews(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE).touch()
    assert len(read_judgements(some())) == 0


def test_the_connection_for_reading_cannot_write(folder: Path) -> None:
    review_label("own", some().images[5], 5, 6, "label wrong")
    with label_reviews._readable() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.execute(sa.text("delete from judgements"))


def test_a_folder_of_any_name_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "what? 100 % of it#1"))
    split = some()
    review_label("own", split.images[5], 5, 6, "label wrong")
    assert len(read_judgements(split)) == 1


def test_names_are_of_the_pixels() -> None:
    split = some(2)
    assert image_name(split.images[0]) != image_name(split.images[1])
    assert image_name(split.images[0]) == image_name(np.asfortranarray(split.images[0]))
