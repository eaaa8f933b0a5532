import gc
import logging
import warnings
from pathlib import Path

import numpy as np
import pytest

from digitrec.storage import keep_arrays, kept_arrays

ARRAYS = {
    "positions": np.arange(8, dtype=np.float32).reshape(4, 2),
    "labels": np.array([3, 1, 4], np.uint8),
    "none": np.empty((0, 28, 28), np.uint8),
    "title": np.array("Zürich ☃.csv"),
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "maps" / "deep" / "one.npz"
    keep_arrays(path, **ARRAYS)
    return path


def test_arrays_come_back(kept: Path) -> None:
    arrays = kept_arrays(kept)
    assert arrays is not None
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].shape, arrays[name].dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(arrays[name], array)


def test_no_draft_is_left(kept: Path) -> None:
    assert list(kept.parent.iterdir()) == [kept]


def test_what_was_kept_before_is_replaced(kept: Path) -> None:
    keep_arrays(kept, other=np.arange(3))
    arrays = kept_arrays(kept)
    assert arrays is not None
    assert list(arrays) == ["other"]
    assert list(kept.parent.iterdir()) == [kept]


def test_what_was_kept_stays_where_writing_fails(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(path: Path, **_: object) -> None:
        path.write_bytes(b"PK half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fill)
    keep_arrays(kept, other=np.arange(3))
    arrays = kept_arrays(kept)
    assert arrays is not None
    assert set(arrays) == set(ARRAYS)
    assert list(kept.parent.iterdir()) == [kept]


def test_where_nothing_can_be_written_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "one.npz"
    with caplog.at_level(logging.WARNING, "digitrec"):
        keep_arrays(path, **ARRAYS)
    assert f"{path} could not be kept" in caplog.text
    assert (tmp_path / "file").read_text() == "no folder"


def test_what_was_never_kept_is_none_and_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert kept_arrays(tmp_path / "one.npz") is None
    assert not caplog.records


@pytest.mark.parametrize("content", [b"", b"P", b"text", b"\x80\x04K\x01."])
def test_what_is_no_npz_is_none(content: bytes, kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept.write_bytes(content)
    with caplog.at_level(logging.WARNING, "digitrec"):
        assert kept_arrays(kept) is None
    assert f"{kept} is damaged" in caplog.text


def test_objects_are_none(kept: Path) -> None:
    np.savez(kept, positions=np.array([1, None], object))
    assert kept_arrays(kept) is None


def test_a_file_cut_short_is_none(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")  # a record would hold on to the file
    whole = kept.read_bytes()
    for length in range(0, len(whole), 3):
        kept.write_bytes(whole[:length])
        assert kept_arrays(kept) is None


def test_a_file_with_a_changed_byte_is_none_or_whole(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")  # a record would hold on to the file
    whole = kept.read_bytes()
    for place in range(len(whole)):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for name, array in (kept_arrays(kept) or {}).items():
            np.testing.assert_array_equal(array, ARRAYS[name])


def test_an_array_alone_is_none(kept: Path) -> None:
    with kept.open("wb") as file:
        np.save(file, np.arange(3))
    assert kept_arrays(kept) is None


def test_a_damaged_file_is_closed(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")
    kept.write_bytes(b"PK\x03\x04")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        kept_arrays(kept)
        gc.collect()
    assert not told
