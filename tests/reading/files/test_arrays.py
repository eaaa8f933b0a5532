import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitrec.errors import DataError
from digitrec.reading.files import (
    CHUNK,
    open_batch,
)
from tests.reading.files.helpers import expect, gather, idx, some_images, some_labels


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32, np.float64, ">i4"])
@pytest.mark.parametrize("shape", [(-1, 28, 28), (-1, 784), (-1, 28, 28, 1)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_of_every_type_and_shape(dtype: str, shape: tuple[int, ...], order: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array(some_images().reshape(shape), dtype, order=order))
    expect(tmp_path / "a.npy", some_images(), None, "a NumPy array of 5 digits, without labels")


def test_shares_in_arrays_are_scaled(tmp_path: Path) -> None:
    np.save(tmp_path / "share.npy", some_images().astype(np.float32) / 255)
    expect(tmp_path / "share.npy", some_images(), None, "a NumPy array of 5 digits, without labels")
    np.save(tmp_path / "yes.npy", some_images() > 0)
    expect(tmp_path / "yes.npy", np.where(some_images() > 0, 255, 0), None, "a NumPy array of 5 digits, without labels")


@pytest.mark.parametrize("pair", [("images", "labels"), ("x_test", "y_test"), ("x", "y")])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_npz_with_labels(pair: tuple[str, str], save: Callable[..., None], tmp_path: Path) -> None:
    n = CHUNK + 3
    arrays = {pair[0]: some_images(n), pair[1]: some_labels(n).astype(np.int64), "x_train": some_images(2, 7)}
    save(tmp_path / "a.npz", **arrays)
    expect(tmp_path / "a.npz", some_images(n), some_labels(n), f"an .npz of {n:,} digits ({pair[0]}), with labels")


def test_a_npz_of_one_array_whatever_its_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", some_images())
    expect(tmp_path / "a.npz", some_images(), None, "an .npz of 5 digits (arr_0), without labels")


def test_bad_images_in_arrays_are_named(tmp_path: Path) -> None:
    values, labels = some_images().astype(np.float64), some_labels().astype(np.float64)
    values[1, 0, 5], values[2, 0, 0], labels[4] = np.nan, -3, 11
    np.savez(tmp_path / "a.npz", images=values, labels=labels)
    found = gather(open_batch(tmp_path / "a.npz"))
    np.testing.assert_array_equal(found.images, some_images()[[0, 3]])
    assert [(row.number, row.reason.partition(".")[0]) for row in found.bad] == [
        (2, "Expected whole numbers of 0 to 255 in column pixel5"),
        (3, "Expected whole numbers of 0 to 255 in column pixel0"),
        (5, "Expected whole numbers of 0 to 9 in column label"),
    ]
    assert "Received: nan in row 2" in found.bad[0].reason
    assert "Received: 11 in row 5" in found.bad[2].reason


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("labels_packed", [False, True, None])
def test_idx_with_and_without_labels_beside_it(packed: bool, labels_packed: bool | None, tmp_path: Path) -> None:
    path = tmp_path / f"t10k-images-idx3-ubyte{'.gz' * packed}"
    path.write_bytes(gzip.compress(idx(some_images())) if packed else idx(some_images()))
    if labels_packed is not None:
        beside = tmp_path / f"t10k-labels-idx1-ubyte{'.gz' * labels_packed}"
        beside.write_bytes(gzip.compress(idx(some_labels())) if labels_packed else idx(some_labels()))
    labelled = labels_packed is not None
    words = f"an idx file of 5 digits, {'with' if labelled else 'without'} labels"
    expect(path, some_images(), some_labels() if labelled else None, words)


@pytest.mark.parametrize("form", ["npy", "idx", "idx.gz", "npz"])
@pytest.mark.parametrize("share", [0.4, 0.999])
def test_what_breaks_off_is_read_as_far_as_it_goes(form: str, share: float, tmp_path: Path) -> None:
    n = 3 * CHUNK
    images, buffer = some_images(n), io.BytesIO()
    np.save(buffer, images)
    whole = {"npy": buffer.getvalue(), "idx": idx(images), "idx.gz": gzip.compress(idx(images), 1)}
    path = tmp_path / f"a.{form}"
    if form == "npz":  # whole to look at, but with damage inside
        np.savez(path, images=images)
        content = bytearray(path.read_bytes())
        content[int(share * len(content))] ^= 255
    else:
        content = bytearray(whole[form][: int(share * len(whole[form]))])
    path.write_bytes(content)
    found = gather(open_batch(path))
    assert len(found.images) + found.bad_count == n
    assert CHUNK * int(3 * share) <= len(found.images) < n
    changed = (found.images != images[: len(found.images)]).sum()
    assert changed <= (form == "npz")  # a zip's check sum speaks at its end
    (torn,) = found.bad
    assert torn.number == len(found.images) + 1
    assert f"after image {len(found.images)}" in torn.reason


def test_what_lies_behind_the_last_image_is_not_read(tmp_path: Path) -> None:
    n = 2 * CHUNK
    (tmp_path / "a").write_bytes(idx(some_images(n)) + bytes(3 * 784))
    expect(tmp_path / "a", some_images(n), None, f"an idx file of {n:,} digits, without labels")


def test_a_labels_file_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx(some_images()))
    (tmp_path / "labels").write_bytes(idx(some_labels(4)))
    with pytest.raises(DataError, match=r"label for each of 5 images .*shape \(4,\)"):
        open_batch(tmp_path / "images")
