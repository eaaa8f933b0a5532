from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import load_dataset
from digitrec.networks.classifier import Classifier
from digitrec.reading.files import (
    CHUNK,
    MAX_BAD,
    Batch,
    BatchReading,
    Chunk,
    open_batch,
    read_batch,
)
from tests.reading.files.helpers import PIXELS, Images, cells, some_images, to_csv


def test_each_row_is_what_the_classifier_says(classifier: Classifier, tmp_path: Path) -> None:
    test = load_dataset("uci").test
    images, labels = test.images[:120], test.labels[:120].astype(int)
    images = np.concatenate([images, np.maximum(images[::10], np.roll(images[1::10], 4, axis=2))])  # two at once
    labels = np.concatenate([labels, labels[::10]])
    table = cells(images, labels)
    table[30][5] = "?"
    (tmp_path / "a.csv").write_bytes(to_csv(table, ["label", *PIXELS]))
    told: list[float] = []
    reading = read_batch(open_batch(tmp_path / "a.csv"), classifier, told.append)
    frame, good = reading.frame, np.delete(np.arange(len(images)), 30)
    probabilities = classifier.predict_proba(images[good])
    assert list(frame.columns) == ["row", "digit", "confidence", "unsure", "second", "second_confidence", "label"]
    assert (len(frame), reading.bad_count, reading.count) == (131, 1, 132)
    assert [row.number for row in reading.bad] == [31]
    assert told[-1] == 1.0
    for row, answer, place in zip(frame.to_dict("records"), probabilities, good, strict=True):
        by_size = sorted(range(10), key=lambda digit: -answer[digit])
        assert row["row"] == place + 1
        assert (row["digit"], row["second"]) == (by_size[0], by_size[1])
        assert row["confidence"] == answer[by_size[0]]
        assert row["second_confidence"] == answer[by_size[1]]
        assert row["unsure"] == classifier.is_unsure(answer)
        assert row["label"] == labels[place]
    assert 0 < frame["unsure"].sum() < len(frame)


def fake(unsure_below: float = 0.5, seen: list[int] | None = None) -> Any:
    """Reads the first pixel of an image, modulo 10, and is as sure as the second one says."""

    def predict_proba(images: Images) -> NDArray[np.float32]:
        if seen is not None:
            seen.append(len(images))
        answers = np.zeros((len(images), 10), np.float32)
        digit, sure = images[:, 0, 0] % 10, images[:, 0, 1].astype(np.float32) / 255
        answers[np.arange(len(images)), (digit + 1) % 10] = 1 - sure
        answers[np.arange(len(images)), digit] = sure
        return answers

    return SimpleNamespace(
        predict_proba=predict_proba,
        card=SimpleNamespace(unsure_below=unsure_below),
        is_unsure=lambda answer: float(answer.max()) < unsure_below,
        are_unsure=lambda answers: answers.max(axis=1).astype(np.float64) < unsure_below,
    )


ANSWER = float(np.float32(200 / 255))
JUST_ABOVE = float(np.nextafter(ANSWER, 1))  # in single precision it is the answer itself


@pytest.mark.parametrize("threshold", [0.6, ANSWER, JUST_ABOVE])
def test_doubt_at_the_very_threshold_is_the_classifiers(threshold: float, tmp_path: Path) -> None:
    images = np.zeros((256, 28, 28), np.uint8)
    images[:, 0, 1] = np.arange(256)
    np.save(tmp_path / "a.npy", images)
    reader = fake(threshold)
    frame = read_batch(open_batch(tmp_path / "a.npy"), reader).frame
    assert frame["unsure"].tolist() == [reader.is_unsure(answer) for answer in reader.predict_proba(images)]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3 * CHUNK), st.integers(0, 5))
def test_the_order_is_kept_and_no_more_than_a_chunk_is_asked_for(
    tmp_path_factory: pytest.TempPathFactory, n: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("order") / "a.npy"
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, 0, :2] = np.random.default_rng(seed).integers(128, 256, (n, 2))
    np.save(path, images)
    seen: list[int] = []
    reading = read_batch(open_batch(path), fake(seen=seen))
    np.testing.assert_array_equal(reading.frame["digit"], images[:, 0, 0] % 10)
    np.testing.assert_array_equal(reading.frame["row"], np.arange(1, n + 1))
    assert reading.frame.index.tolist() == list(range(n))
    assert max(seen) <= CHUNK
    assert sum(seen) == n


def test_bad_rows_of_a_reading_are_bounded(tmp_path: Path) -> None:
    values = some_images(3 * CHUNK).astype(np.int16)
    values[10:, 0, 0] = 999
    np.save(tmp_path / "a.npy", values)
    reading = read_batch(open_batch(tmp_path / "a.npy"), fake())
    assert (len(reading.frame), reading.bad_count) == (10, 3 * CHUNK - 10)
    assert [row.number for row in reading.bad] == list(range(11, 11 + MAX_BAD))


def test_a_reader_that_fails_is_heard(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", some_images(3 * CHUNK))

    def fails(_images: Images) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        read_batch(open_batch(tmp_path / "a.npy"), SimpleNamespace(predict_proba=fails))  # type: ignore[arg-type]


def test_chunks_are_fetched_one_ahead_and_no_further() -> None:
    made: list[int] = []

    def chunks() -> Iterator[Chunk]:
        for number in range(6):
            made.append(number)
            yield Chunk(np.zeros((1, 28, 28), np.uint8), None, np.array([number + 1]), done=(number + 1) / 6)

    ahead: list[int] = []
    reader = fake()
    inner = reader.predict_proba

    def predict_proba(images: Images) -> NDArray[np.float32]:
        ahead.append(len(made))
        return inner(images)

    reader.predict_proba = predict_proba
    reading: BatchReading = read_batch(Batch("a", "a test", 6, False, chunks), reader)
    assert reading.frame["row"].tolist() == [1, 2, 3, 4, 5, 6]
    assert all(count <= place + 2 for place, count in enumerate(ahead))
