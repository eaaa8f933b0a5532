import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitrec.datasets import Dataset, Split, load_dataset
from digitrec.datasets.sources import mnist as mnist_source
from digitrec.datasets.sources import pen
from digitrec.datasets.sources.both import COPIES, FIRST_WRITER, load
from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PATH, PenDigit, split_by_writer
from digitrec.datasets.synthetic import stroke_variation
from digitrec.ink.preprocessing import preprocess


@pytest.fixture(scope="module")
def few(pen_digits: tuple[PenDigit, ...]) -> tuple[PenDigit, ...]:
    """Three or four by each of thirty writers."""
    some = split_by_writer(pen_digits)[1][::16]
    return tuple(replace(digit, writer=place % 30 + 1) for place, digit in enumerate(some))


def enter(folder: Path, few: tuple[PenDigit, ...], scans: Dataset, patch: pytest.MonkeyPatch) -> None:
    """Make it the data folder, with few pen digits and these scans."""
    patch.setenv("DIGITREC_DATA", str(folder))
    patch.setenv("DIGITREC_CACHE", str(folder))
    patch.setattr(pen, "load_pen_digits", lambda: few)
    patch.setattr(mnist_source, "load", lambda: scans)


@pytest.fixture(scope="module")
def first_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first") / "converted"


@pytest.fixture(scope="module")
def both(first_copy: Path, few: tuple[PenDigit, ...], mnist: Dataset) -> Dataset:
    """As it is loaded first."""
    with pytest.MonkeyPatch.context() as patch:
        enter(first_copy.parent, few, mnist, patch)
        return load()


@pytest.fixture
def folder(tmp_path: Path, few: tuple[PenDigit, ...], mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder where nothing was loaded yet."""
    enter(tmp_path, few, mnist, monkeypatch)
    return tmp_path


@pytest.fixture
def loaded(folder: Path, both: Dataset, first_copy: Path) -> Path:
    """The copy that is kept in a data folder where it was loaded."""
    (copy,) = shutil.copytree(first_copy, folder / "converted").iterdir()
    return copy


def count(few: tuple[PenDigit, ...]) -> tuple[int, int]:
    held_out = sum(digit.writer in HELD_OUT_WRITERS for digit in few)
    return len(few) - held_out, held_out


def drawn_of(split: Split, scans: int) -> Split:
    """What is behind the scans."""
    assert split.writers is not None
    return Split(split.images[scans:].copy(), split.labels[scans:].copy(), split.writers[scans:].copy())


def same(one: Dataset, other: Dataset) -> bool:
    return all(
        np.array_equal(getattr(getattr(one, part), name), getattr(getattr(other, part), name))
        for part in ("train", "test")
        for name in ("images", "labels", "writers")
    )


def test_all_scans_come_first_and_then_the_drawings(both: Dataset, mnist: Dataset, few: tuple[PenDigit, ...]) -> None:
    train, test = count(few)
    assert min(train, test) > 15
    assert (len(both.train), len(both.test)) == (len(mnist.train) + COPIES * train, len(mnist.test) + test)
    for split, scans in ((both.train, mnist.train), (both.test, mnist.test)):
        np.testing.assert_array_equal(split.images[: len(scans)], scans.images)
        np.testing.assert_array_equal(split.labels[: len(scans)], scans.labels)
        assert split.writers is not None
        np.testing.assert_array_equal(split.writers[: len(scans)], scans.writers)
        assert split.images.dtype == split.labels.dtype == np.uint8
        assert split.writers.dtype == np.int32
        assert len(split.images) == len(split.labels) == len(split.writers)


def test_each_drawing_keeps_its_label_and_writer(both: Dataset, few: tuple[PenDigit, ...], mnist: Dataset) -> None:
    train = [digit for digit in few if digit.writer not in HELD_OUT_WRITERS]
    test = [digit for digit in few if digit.writer in HELD_OUT_WRITERS]
    for split, scans, digits in ((both.train, len(mnist.train), COPIES * train), (both.test, len(mnist.test), test)):
        drawn = drawn_of(split, scans)
        assert drawn.labels.tolist() == [digit.label for digit in digits]
        assert drawn.writers is not None
        assert drawn.writers.tolist() == [FIRST_WRITER + digit.writer for digit in digits]


def test_each_pen_digit_is_drawn_anew_each_time(both: Dataset, few: tuple[PenDigit, ...], mnist: Dataset) -> None:
    drawn = drawn_of(both.train, len(mnist.train)).images.reshape(COPIES, -1, 28, 28)
    for one in range(COPIES):
        for other in range(one):
            assert not (drawn[one] == drawn[other]).all(axis=(1, 2)).any()
    mass = drawn.mean(axis=(2, 3))  # the same forms, by thicker and thinner pens
    assert (mass.max(axis=0) > 1.2 * mass.min(axis=0)).mean() > 0.8


def test_drawings_are_preprocessed_as_the_canvas_is(both: Dataset, mnist: Dataset) -> None:
    for image in drawn_of(both.test, len(mnist.test)).images:
        again = preprocess(image).image
        assert again is not None
        assert np.abs(again.astype(int) - image).mean() < 16
        assert image.max() == 255


def test_no_writer_of_scans_has_the_number_of_one_with_a_pen(both: Dataset, mnist: Dataset) -> None:
    for split, scans in ((both.train, len(mnist.train)), (both.test, len(mnist.test))):
        assert split.writers is not None
        assert not set(split.writers[:scans].tolist()) & set(split.writers[scans:].tolist())


def test_nobody_with_a_pen_is_in_both_parts(both: Dataset, mnist: Dataset) -> None:
    assert both.train.writers is not None
    assert both.test.writers is not None
    train, test = (
        set(both.train.writers[len(mnist.train) :].tolist()),
        set(both.test.writers[len(mnist.test) :].tolist()),
    )
    assert not train & test
    assert test == {FIRST_WRITER + writer for writer in HELD_OUT_WRITERS}
    assert len(train | test) == 30


def test_it_says_where_it_is_from(both: Dataset, mnist: Dataset) -> None:
    assert both.name == "both"
    assert both.hashes == mnist.hashes | {PATH: pen.SHA256}
    assert mnist.source in both.source
    assert "pen digits" in both.source
    assert both.licence == "CC BY-SA 3.0; CC BY 4.0"


def test_what_is_kept_is_what_was_drawn(loaded: Path, both: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Split:
        raise AssertionError

    monkeypatch.setattr(pen, "draw_pen_digits", refuse)
    again = load_dataset("both")
    assert same(again, both)
    for split in (again.train, again.test):
        with pytest.raises(ValueError, match="read-only"):
            split.images[-1] = 0


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_copy_that_is_damaged_is_made_again(loaded: Path, both: Dataset, damage: str) -> None:
    whole = loaded.read_bytes()
    start = len(whole) // 4
    changed = bytes(255 - byte for byte in whole[start : start + 40])
    damaged = {"cut": whole[:start], "changed": whole[:start] + changed + whole[start + 40 :], "other": b"no archive"}
    loaded.write_bytes(damaged[damage])
    assert same(load(), both)
    (copy,) = loaded.parent.iterdir()
    assert copy.read_bytes() == whole


def test_another_way_of_drawing_is_not_taken_from_the_copy(
    loaded: Path, both: Dataset, monkeypatch: pytest.MonkeyPatch, mnist: Dataset
) -> None:
    monkeypatch.setattr(stroke_variation, "WIDTHS", (30, 32))
    thick = load()
    assert (
        drawn_of(thick.test, len(mnist.test)).images.mean() > 1.2 * drawn_of(both.test, len(mnist.test)).images.mean()
    )
    assert len(list(loaded.parent.iterdir())) == 2


def test_the_same_is_drawn_wherever_it_is_drawn_with_progress_from_nothing_to_all(folder: Path, both: Dataset) -> None:
    told: list[float] = []
    assert same(load(told.append), both)
    assert 0 <= told[0] < 0.01
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert np.diff(told).max() < 0.05
