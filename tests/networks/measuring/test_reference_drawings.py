import logging
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PenDigit, split_by_writer
from digitrec.ink.drawings import CANVAS, Drawing, Stroke, render, to_image
from digitrec.networks.classifier import Classifier
from digitrec.networks.measuring.reference_drawings import (
    FILE,
    SIZE,
    ReferenceDrawings,
    make_reference_drawings,
    read_reference_drawings,
    write_reference_drawings,
)

SMALL = ReferenceDrawings(
    (
        Drawing((Stroke(np.array([(10, 20), (30.5, 40.1)], np.float32), 12.3),)),
        Drawing(
            (
                Stroke(np.array([(100, 20)], np.float32), 8.0),
                Stroke(np.array([(50, 60), (70, 80), (279.9, 0)], np.float32), 9.5),
            )
        ),
    ),
    np.array([7, 1], np.uint8),
    np.array([5, 30], np.int32),
)


@pytest.fixture(scope="module")
def held_out(pen_digits: tuple[PenDigit, ...]) -> tuple[PenDigit, ...]:
    return split_by_writer(pen_digits)[1]


@pytest.fixture(scope="module")
def reference(held_out: tuple[PenDigit, ...]) -> ReferenceDrawings:
    return make_reference_drawings(held_out)


@pytest.fixture
def arrays(tmp_path: Path) -> dict[str, NDArray[Any]]:
    """Those of a file that is whole."""
    write_reference_drawings(tmp_path, SMALL)
    with np.load(tmp_path / FILE) as kept:
        return dict(kept)


def write(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """As somebody else may have."""
    np.savez(folder / FILE, allow_pickle=True, **arrays)


def same(one: ReferenceDrawings, other: ReferenceDrawings) -> None:
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.writers, other.writers)
    for mine, theirs in zip(one.drawings, other.drawings, strict=True):
        assert [stroke.width for stroke in mine.strokes] == [stroke.width for stroke in theirs.strokes]
        for drawn, read in zip(mine.strokes, theirs.strokes, strict=True):
            np.testing.assert_array_equal(drawn.points, read.points)


def test_there_are_as_many_of_each_label_by_writers_whom_no_training_saw(reference: ReferenceDrawings) -> None:
    assert len(reference.drawings) == len(reference.labels) == len(reference.writers) == SIZE == 200
    assert Counter(reference.labels.tolist()) == dict.fromkeys(range(10), 20)
    assert set(reference.writers.tolist()) <= HELD_OUT_WRITERS
    assert len(set(reference.writers.tolist())) == len(HELD_OUT_WRITERS)
    assert reference.labels.dtype == np.uint8
    assert reference.writers.dtype == np.int32


def test_no_digit_is_drawn_twice_and_each_is_one_of_its_writer(
    reference: ReferenceDrawings, held_out: tuple[PenDigit, ...]
) -> None:
    rows = zip(reference.drawings, reference.labels.tolist(), reference.writers.tolist(), strict=True)
    drawn = [
        (label, writer, tuple(len(stroke.points) for stroke in drawing.strokes)) for drawing, label, writer in rows
    ]
    there = Counter((digit.label, digit.writer, tuple(len(stroke) for stroke in digit.strokes)) for digit in held_out)
    assert not Counter(drawn) - there


def test_the_exam_is_always_the_same(reference: ReferenceDrawings, held_out: tuple[PenDigit, ...]) -> None:
    np.random.default_rng().random(3)
    same(make_reference_drawings(held_out), reference)


def test_its_drawings_are_on_the_canvas_of_many_sizes_and_pens(reference: ReferenceDrawings) -> None:
    points = [np.concatenate([stroke.points for stroke in drawing.strokes]) for drawing in reference.drawings]
    assert min(line.min() for line in points) >= 0
    assert max(line.max() for line in points) <= CANVAS
    sizes = [np.ptp(line, axis=0).max() for line in points]
    assert min(sizes) < 110
    assert max(sizes) > 230
    widths = [drawing.strokes[0].width for drawing in reference.drawings]
    assert min(widths) < 8
    assert max(widths) > 25


def test_what_was_written_is_read_back_pixel_for_pixel(reference: ReferenceDrawings, tmp_path: Path) -> None:
    write_reference_drawings(tmp_path, reference)
    read = read_reference_drawings(tmp_path)
    assert read is not None
    same(read, reference)
    for mine, theirs in zip(reference.drawings, read.drawings, strict=True):
        np.testing.assert_array_equal(render(mine, oversampling=1), render(theirs, oversampling=1))
    for place in (0, 57, 199):
        np.testing.assert_array_equal(render(reference.drawings[place]), render(read.drawings[place]))
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_size < 100_000


def test_a_drawing_of_several_strokes_and_one_of_a_dot_are_read_back(tmp_path: Path) -> None:
    write_reference_drawings(tmp_path, SMALL)
    read = read_reference_drawings(tmp_path)
    assert read is not None
    same(read, SMALL)
    assert [len(drawing.strokes) for drawing in read.drawings] == [1, 2]
    assert {stroke.points.dtype for drawing in read.drawings for stroke in drawing.strokes} == {np.dtype(np.float32)}
    assert not any(stroke.erases for drawing in read.drawings for stroke in drawing.strokes)


def test_a_new_exam_replaces_the_one_that_was_there(reference: ReferenceDrawings, tmp_path: Path) -> None:
    write_reference_drawings(tmp_path, reference)
    write_reference_drawings(tmp_path, SMALL)
    read = read_reference_drawings(tmp_path)
    assert read is not None
    same(read, SMALL)


def test_the_shipped_model_passes(reference: ReferenceDrawings, classifier: Classifier) -> None:
    images = np.stack([to_image(drawing) for drawing in reference.drawings])
    assert (classifier.predict_proba(images).argmax(axis=1) == reference.labels).mean() > 0.95


def test_a_folder_without_an_exam_is_none_and_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_reference_drawings(tmp_path) is None
    assert read_reference_drawings(tmp_path / "nowhere") is None
    assert not caplog.records


@pytest.mark.parametrize("content", [b"", b"P", b"PK\x03\x04", b"text", b"\x80\x04K\x01."])
def test_what_is_no_npz_is_none_and_the_log_says_so(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    with caplog.at_level(logging.WARNING, "digitrec"):
        assert read_reference_drawings(tmp_path) is None
    assert f"{tmp_path} has damaged reference drawings" in caplog.text


def test_a_file_cut_short_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")  # a record would hold on to the file
    write_reference_drawings(tmp_path, SMALL)
    whole = (tmp_path / FILE).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / FILE).write_bytes(whole[:length])
        assert read_reference_drawings(tmp_path) is None


def test_a_file_with_a_changed_byte_is_none_or_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")
    write_reference_drawings(tmp_path, SMALL)
    whole = (tmp_path / FILE).read_bytes()
    for place in range(0, len(whole), 3):
        (tmp_path / FILE).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        read = read_reference_drawings(tmp_path)
        if read is not None:
            same(read, SMALL)


def test_a_foreign_npz_is_none(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE, images=np.zeros((3, 28, 28), np.uint8), labels=np.arange(3))
    assert read_reference_drawings(tmp_path) is None
    with (tmp_path / FILE).open("wb") as file:
        np.save(file, np.arange(3))
    assert read_reference_drawings(tmp_path) is None


def test_a_zip_of_something_else_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / FILE, "w") as other:
        other.writestr("points.npy", "no array")
    assert read_reference_drawings(tmp_path) is None


@pytest.mark.parametrize("name", ["points", "lengths", "widths", "places", "labels", "writers"])
def test_an_array_that_is_missing_is_none(name: str, arrays: dict[str, NDArray[Any]], tmp_path: Path) -> None:
    write(tmp_path, {other: array for other, array in arrays.items() if other != name})
    assert read_reference_drawings(tmp_path) is None


@pytest.mark.parametrize("name", ["points", "lengths", "widths", "places", "labels", "writers"])
def test_pickled_objects_are_refused(name: str, arrays: dict[str, NDArray[Any]], tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    write(tmp_path, arrays | {name: np.array([Trap()] * len(arrays[name]), object)})
    assert read_reference_drawings(tmp_path) is None
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"lengths": [2, 1, 2]},
        {"lengths": [2, 1, 4]},
        {"lengths": [2, 1, 3000]},
        {"lengths": [2, 0, 4]},
        {"lengths": [2, -1, 5]},
        {"lengths": [2, 4]},
        {"lengths": [2, 1, 3, 1]},
        {"lengths": []},
        {"points": [1, 2, 3, 4, 5, 6]},
        {"points": [[1, 2, 3]] * 6},
        {"points": [["a", "b"]] * 6},
        {"widths": [80, 80]},
        {"widths": [80, 80, 80, 80]},
        {"widths": [[80, 80], [80, 80], [80, 80]]},
        {"places": [0, 1]},
        {"places": [0, 1, 1, 1]},
        {"places": [0, 1, 2]},
        {"places": [0, 0, 0]},
        {"places": [-1, 1, 1]},
        {"labels": [7, 1, 2]},
        {"labels": [7]},
        {"labels": [7, 10]},
        {"labels": 7},
        {"writers": [5]},
        {"writers": [5, 30, 10]},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_together_are_none(
    changes: dict[str, Any], arrays: dict[str, NDArray[Any]], tmp_path: Path
) -> None:
    write(tmp_path, arrays | {name: np.array(value) for name, value in changes.items()})
    assert read_reference_drawings(tmp_path) is None
