from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitrec import load_dataset
from digitrec.datasets import Dataset, Split
from digitrec.datasets.sources.uploads import add_upload, remove_own
from digitrec.errors import DataError, RunError
from digitrec.evaluation.cross_validation import FEWEST, held_out_path, read_held_out
from digitrec.evaluation.label_errors import rank_doubts

PLANTED = 12
IMAGES = 450


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def plant(split: Split) -> tuple[Split, np.ndarray]:
    rng = np.random.default_rng(0)
    places = rng.permutation(len(split))[:PLANTED]
    labels = split.labels.copy()
    labels[places] = (labels[places] + rng.integers(1, 10, PLANTED)) % 10
    return Split(split.images, labels), places


def upload(data: Dataset, path: Path) -> str:
    train, test = data.train, data.test
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return add_upload(path.read_bytes(), path.name)


def test_planted_errors_are_found_since_nobody_learned_them_by_heart(folder: Path, tmp_path: Path) -> None:
    data = load_dataset("uci")
    train, planted = plant(Split(data.train.images[:IMAGES], data.train.labels[:IMAGES]))
    data = load_dataset(upload(replace(data, train=train), tmp_path / "planted.npz"))
    remove_own(data.name)  # it is read as it was loaded, whatever has become of its file
    shares: list[float] = []
    answers = read_held_out(data, shares.append)
    assert (answers.shape, answers.dtype) == ((len(train), 10), np.float32)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert (answers.argmax(axis=1) == train.labels).mean() > 0.9
    first = rank_doubts(train.labels, answers)["place"].head(2 * PLANTED)
    assert np.isin(planted, first).sum() >= PLANTED - 2
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert [path.name for path in folder.glob("held-out/*")] == [held_out_path(data).name]
    shares.clear()
    np.testing.assert_array_equal(read_held_out(data, shares.append), answers)
    assert not shares, "it is there already"


def test_other_labels_are_read_anew(folder: Path) -> None:
    data = load_dataset("uci")
    assert held_out_path(data) != held_out_path(replace(data, train=plant(data.train)[0]))
    assert held_out_path(data) == held_out_path(load_dataset("uci"))


def test_too_few_images_are_told(folder: Path) -> None:
    data = load_dataset("uci")
    few = Split(data.train.images[: FEWEST - 1], data.train.labels[: FEWEST - 1])
    with pytest.raises(DataError, match=r"Expected at least 60 training images.*Received: 59\."):
        read_held_out(replace(data, train=few), lambda _: None)


def test_a_failed_training_is_reported_and_leaves_nothing(folder: Path) -> None:
    data = load_dataset("uci")
    cut = Split(data.train.images[:, :20, :20].copy(), data.train.labels)
    with pytest.raises(RunError, match="Expected three networks to be trained"):
        read_held_out(replace(data, train=cut), lambda _: None)
    assert not list(folder.glob("held-out/*"))


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way")
    with pytest.raises(DataError, match=r"Make room there, or set DIGITREC_CACHE\."):
        read_held_out(load_dataset("uci"), lambda _: None)
