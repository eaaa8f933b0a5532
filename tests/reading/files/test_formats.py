import gzip
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.errors import DataError
from digitrec.reading.files import formats as batch_forms
from digitrec.reading.files import (
    is_batch,
    open_batch,
)
from tests.reading.files.helpers import Images, gather, idx, png, some_images, some_labels, to_frame


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], object), allow_pickle=True)
    return buffer.getvalue()


def saved(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def packed(**arrays: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pickled(), "object"),
        (b"\x93NUMPY\x07\x00", "damaged"),
        (b"\x93NUM" + b"PY\x01\x00\xff\xff{", "damaged"),
        (saved(np.zeros((3, 20, 20))), "shape (3, 20, 20), float64"),
        (saved(np.zeros((3, 784), complex)), "complex128"),
        (saved(np.zeros((0, 784))), "none"),
        (saved(np.array("text")), "<U4"),
        (packed(a=some_images(), b=some_images()), "Received: a, b."),
        (packed(images=some_images(), labels=some_labels(4)), "shape (4,)"),
        (packed(images=some_images(), labels=np.eye(10)[some_labels()]), "shape (5, 10)"),
        (packed(images=some_images(), labels=np.array(list("abcde"))), "<U1"),
        (idx(some_labels()), "shape (5,)"),
        (b"\0\0\x08\x03\0\0", "truncated"),
        (b"\x1f\x8b\x08damaged gzip", "damaged"),
        (gzip.compress(b"label,pixel0\n"), "idx"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"PAR1 and no more PAR1", "Parquet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_holds_no_images_is_refused_at_once(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(content)
    with pytest.raises(DataError, match=r"Expected .*Received: .*\. [A-Z]") as caught:
        open_batch(tmp_path / "upload", "mine.xyz")
    assert told in str(caught.value)
    assert "mine.xyz" in str(caught.value)
    assert "upload" not in str(caught.value)


def test_images_beyond_all_measure_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a-images"
    path.write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", 20_000_000, 28, 28))
    with pytest.raises(DataError, match=r"at most 10,000,000 digits\. Received: 20,000,000"):
        open_batch(path)
    monkeypatch.setattr(batch_forms, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="at most 0 GB"):
        open_batch(path)


def test_the_same_images_in_every_form_are_the_same_batch(tmp_path: Path) -> None:
    images, labels = some_images(20, 3), some_labels(20)
    frame = to_frame(images, labels)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    (tmp_path / "a-images").write_bytes(idx(images))
    for name in ("a.csv", "a.parquet", "a.npy", "a.npz", "a-images"):
        assert is_batch(tmp_path / name)
        np.testing.assert_array_equal(gather(open_batch(tmp_path / name)).images, images)
        (tmp_path / "upload").write_bytes((tmp_path / name).read_bytes())
        upload = open_batch(tmp_path / "upload", name)
        assert upload.name == name
        np.testing.assert_array_equal(gather(upload).images, images)


def test_a_picture_is_no_batch_and_neither_is_nothing(digits: Images, tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(png(digits[0]))
    assert not is_batch(tmp_path / "1.png")
    assert not is_batch(tmp_path / "missing.png")
    assert is_batch(tmp_path)
    with pytest.raises(DataError, match=r"missing\.csv: No such file"):
        open_batch(tmp_path / "missing.csv")
