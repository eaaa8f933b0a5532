import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from digitrec.datasets import load_dataset
from digitrec.datasets import tables as dataset_tables
from digitrec.errors import DataError
from digitrec.ink.image_files import load_ink
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.classifier import Classifier
from digitrec.reading.files import (
    CHUNK,
    MAX_BAD,
    Batch,
    BatchReading,
    Chunk,
    is_batch,
    open_batch,
    picture_files,
    read_batch,
    tables,
)
from digitrec.reading.files import formats as batch_forms

Images = NDArray[np.uint8]
PIXELS = [f"pixel{index}" for index in range(784)]


def some_images(n: int = 5, seed: int = 0) -> Images:
    rng = np.random.default_rng(seed)
    images = (rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.3)).astype(np.uint8)
    images[:, 14, 14] = 255
    return images


def some_labels(n: int = 5) -> NDArray[np.uint8]:
    return (np.arange(n) * 3 % 10).astype(np.uint8)


def to_frame(images: NDArray[Any], labels: NDArray[Any] | None) -> pd.DataFrame:
    frame = pd.DataFrame(images.reshape(len(images), 784), columns=PIXELS)
    if labels is not None:
        frame.insert(0, "label", labels)
    return frame


def cells(images: NDArray[Any], labels: NDArray[Any] | None = None) -> list[list[str]]:
    pixels = images.reshape(len(images), 784).tolist()
    return [[*([] if labels is None else [str(labels[i])]), *map(str, row)] for i, row in enumerate(pixels)]


def to_csv(table: list[list[str]], header: list[str] | None = None) -> bytes:
    return "".join(",".join(row) + "\n" for row in ([header] if header else []) + table).encode()


def gather(batch: Batch) -> Chunk:
    chunks = list(batch.chunks())
    assert all(len(chunk.images) <= CHUNK for chunk in chunks)
    assert all(0 <= a.done <= b.done <= 1 for a, b in pairwise(chunks))
    labels = [chunk.labels for chunk in chunks if chunk.labels is not None]
    assert len(labels) in (0, len(chunks))
    assert bool(labels) == batch.has_labels
    names = [chunk.names for chunk in chunks if chunk.names is not None]
    whole = Chunk(
        np.concatenate([chunk.images for chunk in chunks]),
        np.concatenate(labels) if labels else None,
        np.concatenate([chunk.numbers for chunk in chunks]),
        tuple(row for chunk in chunks for row in chunk.bad),
        sum(chunk.bad_count for chunk in chunks),
        chunks[-1].done,
        tuple(name for part in names for name in part) if names else None,
    )
    assert whole.images.dtype == np.uint8
    assert len(whole.images) == len(whole.numbers)
    assert batch.count is None or batch.count == len(whole.images) + whole.bad_count
    return whole


def expect(path: Path, images: Images, labels: NDArray[Any] | None, kind: str) -> None:
    batch = open_batch(path)
    assert batch.kind == kind
    for _ in range(2):
        found = gather(batch)
        np.testing.assert_array_equal(found.images, images)
        np.testing.assert_array_equal(found.numbers, np.arange(1, len(images) + 1))
        assert (found.bad, found.bad_count, found.done) == ((), 0, 1.0)
        assert (found.labels is None) == (labels is None)
        if labels is not None and found.labels is not None:
            np.testing.assert_array_equal(found.labels, labels)
            assert found.labels.dtype == np.uint8


# --- CSV ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("headed", [False, True])
def test_a_csv_as_pandas_writes_it(labelled: bool, headed: bool, tmp_path: Path) -> None:
    labels = some_labels() if labelled else None
    to_frame(some_images(), labels).to_csv(tmp_path / "a.csv", index=False, header=headed)
    words = f"{'with' if headed else 'without'} a header, {'with' if labelled else 'without'} labels"
    expect(tmp_path / "a.csv", some_images(), labels, f"a CSV of 5 digits, {words}")


HEADERS: dict[str, list[str]] = {
    "none": [],
    "kaggle": PIXELS,
    "from 1": [f"pixel{i + 1}" for i in range(784)],
    "rows and columns": [f"{i + 1}x{j + 1}" for i in range(28) for j in range(28)],
    "numbers": [str(i) for i in range(784)],
    "capitals": [f" Pixel{i}" for i in range(784)],
}


@dataclass
class Variant:
    header: str
    labelled: bool
    delimiter: str
    newline: str
    encoding: str
    number: Callable[[str], str] = field(repr=False)
    blank_lines: list[int]
    ends: bool
    n: int
    seed: int


NUMBERS: list[Callable[[str], str]] = [str, "{}.0".format, '"{}"'.format, " {}".format, "0{}".format, "{}e0".format]
VARIANTS = st.builds(
    Variant,
    st.sampled_from(sorted(HEADERS)),
    st.booleans(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.sampled_from(NUMBERS),
    st.lists(st.integers(0, 4), max_size=2),
    st.booleans(),
    st.integers(1, 4),
    st.integers(0, 9),
)


def write(variant: Variant) -> tuple[bytes, Images, NDArray[np.uint8] | None]:
    images = some_images(variant.n, variant.seed)
    labels = some_labels(variant.n) if variant.labelled else None
    lines = [[variant.number(cell) for cell in row] for row in cells(images, labels)]
    if variant.header != "none":
        lines.insert(0, [*(["label"] if variant.labelled else []), *HEADERS[variant.header]])
    text = [variant.delimiter.join(line) for line in lines]
    for place in variant.blank_lines:
        text.insert(min(place, len(text)), "")
    whole = variant.newline.join(text) + (variant.newline if variant.ends else "")
    mark = "\ufeff" if variant.encoding in ("utf-16-le", "utf-16-be") else ""
    return (mark + whole).encode(variant.encoding), images, labels


@settings(max_examples=60, deadline=None)
@given(VARIANTS)
def test_csvs_of_every_custom_are_read_alike(tmp_path_factory: pytest.TempPathFactory, variant: Variant) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    content, images, labels = write(variant)
    path.write_bytes(content)
    batch = open_batch(path)
    found = gather(batch)
    assert batch.count == variant.n
    assert ("with a header" in batch.kind) == (variant.header != "none")
    assert ("UTF-16" in batch.kind) == variant.encoding.startswith("utf-16")
    np.testing.assert_array_equal(found.images, images)
    assert found.bad_count == 0
    if labels is None:
        assert found.labels is None
    else:
        np.testing.assert_array_equal(found.labels, labels)


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    frame = to_frame(some_images(), some_labels())
    frame.sample(frac=1, axis=1, random_state=0).to_csv(tmp_path / "a.csv", index=False)
    expect(tmp_path / "a.csv", some_images(), some_labels(), "a CSV of 5 digits, with a header, with labels")


def test_pixels_of_0_to_1_are_shares_of_ink(tmp_path: Path) -> None:
    to_frame(some_images() / 255, some_labels()).to_csv(tmp_path / "a.csv", index=False)
    words = "a CSV of 5 digits, with a header, with labels, with pixels of 0 to 1"
    expect(tmp_path / "a.csv", some_images(), some_labels(), words)


def test_a_stray_row_does_not_decide_what_pixels_mean(tmp_path: Path) -> None:
    values = some_images().reshape(5, 784) / 255
    values[1, 3] = 200
    to_frame(values, None).to_csv(tmp_path / "a.csv", index=False)
    found = gather(open_batch(tmp_path / "a.csv"))
    np.testing.assert_array_equal(found.images, some_images()[[0, 2, 3, 4]])
    told = "Expected numbers of 0 to 1 in column pixel3. Received: 200 in row 2. Mend or leave out that row."
    assert [row.reason for row in found.bad] == [told]


def spoiled(labelled: bool = True) -> tuple[list[list[str]], dict[int, str]]:
    """Nine rows, and what is wrong with which."""
    table = cells(some_images(9), some_labels(9) if labelled else None)
    first = 1 if labelled else 0
    table[6][first + 9] = "dark"
    table[1][first + 3] = "256"
    table[2][first + 783] = "1.5"
    table[4].append("0")
    table[5][first] = ""
    wrong = {
        2: "column pixel3. Received: 256 in row 2",
        3: "column pixel783. Received: 1.5 in row 3",
        5: f"Expected {784 + first} columns, as in the first row. Received: {785 + first} in row 5",
        6: "column pixel0. Received: None in row 6",
        7: "whole numbers of 0 to 255 in column pixel9. Received: 'dark' in row 7",
    }
    if labelled:
        table[7][0] = "10"
        wrong[8] = "whole numbers of 0 to 9 in column label. Received: 10 in row 8"
    return table, wrong


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("headed", [False, True])
def test_bad_rows_are_named_and_the_good_ones_read(labelled: bool, headed: bool, tmp_path: Path) -> None:
    table, wrong = spoiled(labelled)
    header = [*(["label"] if labelled else []), *PIXELS] if headed else None
    (tmp_path / "a.csv").write_bytes(to_csv(table, header))
    found = gather(open_batch(tmp_path / "a.csv"))
    good = [number for number in range(1, 10) if number not in wrong]
    np.testing.assert_array_equal(found.numbers, good)
    np.testing.assert_array_equal(found.images, some_images(9)[np.array(good) - 1])
    assert [row.number for row in found.bad] == sorted(wrong)
    for row in found.bad:
        assert wrong[row.number] in row.reason
        assert row.reason.endswith(" Mend or leave out that row.")
    assert found.bad_count == len(wrong)
    if found.labels is not None:
        np.testing.assert_array_equal(found.labels, some_labels(9)[np.array(good) - 1])


ODD = ["", "x", "nan", "NA", "inf", "-1", "256", "1e3", "1_0", "1 2", "--", "\0", "é", "0.5", "9" * 400]
ODD += ["0x10", "0X0", " 0xf ", "0o7", "0b1", "٣", "\uff15", "True", "false", "infinity", "1e", "+-1", "1.2.3", "1/2"]


def with_examples(test: Callable[..., None]) -> Callable[..., None]:
    """Each odd cell alone as a pixel and as a label, and once more beside a row that has to be read line by line."""
    for text in ODD:
        test = example([(3, 0, text)])(example([(3, 17, text)])(test))
        test = example([(3, 784, text), (5, 17, "x")])(test)
    return test


@with_examples
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 784), st.sampled_from(ODD)), max_size=4))
def test_odd_cells_cost_their_rows_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, spoils: list[tuple[int, int, str]]
) -> None:
    path = tmp_path_factory.mktemp("odd") / "a.csv"
    table = cells(some_images(8), some_labels(8))
    for row, column, text in spoils:
        table[row][column] = text
    path.write_bytes(to_csv(table, ["label", *PIXELS]))
    if any(text == "\0" for _, _, text in spoils):
        with pytest.raises(DataError, match="no text"):
            open_batch(path)
        return
    found = gather(open_batch(path))
    bad = {row + 1 for row, _, _ in spoils}
    np.testing.assert_array_equal(found.numbers, [number for number in range(1, 9) if number not in bad])
    np.testing.assert_array_equal(found.images, some_images(8)[found.numbers - 1])
    assert {row.number for row in found.bad} == bad


def test_a_cell_in_another_encoding_costs_its_row(tmp_path: Path) -> None:
    table = cells(some_images(3))
    table[1][5] = "é"
    (tmp_path / "a.csv").write_bytes(to_csv(table).decode().encode("latin-1"))
    found = gather(open_batch(tmp_path / "a.csv"))
    assert found.numbers.tolist() == [1, 3]
    assert [row.number for row in found.bad] == [2]


def test_bad_rows_are_counted_beyond_those_that_are_named(tmp_path: Path) -> None:
    good = to_csv(cells(some_images(2)))
    (tmp_path / "a.csv").write_bytes(good + b"1,2,3\n" * 5000)
    found = gather(open_batch(tmp_path / "a.csv"))
    assert (len(found.images), found.bad_count) == (2, 5000)
    assert len(found.bad) <= MAX_BAD * len(list(open_batch(tmp_path / "a.csv").chunks()))
    assert [row.number for row in found.bad[:MAX_BAD]] == list(range(3, 3 + MAX_BAD))


@pytest.mark.parametrize("block_rows", [1.5, 2, 3.7])
def test_rows_across_blocks_keep_their_numbers(
    block_rows: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, wrong = spoiled()
    (tmp_path / "a.csv").write_bytes(to_csv(table))
    longest = max(len(",".join(row)) + 1 for row in table)
    monkeypatch.setattr(dataset_tables, "BLOCK", int(block_rows * longest) + 10)
    batch = open_batch(tmp_path / "a.csv")
    assert len(list(batch.chunks())) > 9 / block_rows - 1
    found = gather(batch)
    assert [row.number for row in found.bad] == sorted(wrong)
    np.testing.assert_array_equal(found.images, some_images(9)[found.numbers - 1])


def test_chunks_are_bounded_however_short_the_rows_are(tmp_path: Path) -> None:
    row = ",".join("0" * 784) + "\n"
    (tmp_path / "a.csv").write_text(row * (2 * CHUNK + 1))
    sizes = [len(chunk.images) for chunk in open_batch(tmp_path / "a.csv").chunks()]
    assert sizes == [CHUNK, CHUNK, 1]


def test_a_large_csv_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "COUNTED", 1000)
    to_frame(some_images(), None).to_csv(tmp_path / "a.csv", index=False)
    batch = open_batch(tmp_path / "a.csv")
    assert (batch.count, batch.kind) == (None, "a CSV of many digits, with a header, without labels")
    assert len(gather(batch).images) == 5


def test_a_line_without_an_end_ends_the_reading(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(to_csv(cells(some_images(3))) + b"7" * (dataset_tables.BLOCK + 10))
    found = gather(open_batch(tmp_path / "a.csv"))
    np.testing.assert_array_equal(found.numbers, [1, 2, 3])
    assert "a line without an end in row 4" in found.bad[0].reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file"),
        (b"\n \n\r\n", "no rows"),
        (to_csv([], PIXELS), "a header alone"),
        (to_csv(cells(some_images(1)), PIXELS[:-1]), "783 columns, without pixel783"),
        (to_csv([["1", "2", "3"]]), "3 columns in the first row"),
        (to_csv([["one"], ["two"]]), "1 column, without pixel0"),
        (to_csv([], ["", "label", *PIXELS]), "786 columns, with "),
        (to_csv([], [*PIXELS[:-1], "pixel0"]), "without pixel783"),
        (to_csv([], [*PIXELS, "pixel0"]), "with a column twice"),
        (to_csv(cells(some_images(1))).decode().encode("utf-16-le"), "bytes that are no text"),
        ("Zürich\n".encode("latin-1"), "1 column, without pixel0"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text"),
        (b"\xff\xfe\x00l\x00a", "a.csv"),
        (b"1" * 200_000, "columns in the first row"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_csv_of_digits_is_refused_at_once(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"Expected .*Received: .*\. [A-Z]") as caught:
        open_batch(tmp_path / "a.csv")
    assert told in str(caught.value)
    assert "a.csv" in str(caught.value)


# --- Arrays ------------------------------------------------------------------------------------------------------


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


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


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
        (b"\0\0\x08\x03\0\0", "cut short"),
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


def test_a_labels_file_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx(some_images()))
    (tmp_path / "labels").write_bytes(idx(some_labels(4)))
    with pytest.raises(DataError, match=r"label for each of 5 images .*shape \(4,\)"):
        open_batch(tmp_path / "images")


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_parquet(labelled: bool, dtype: type, tmp_path: Path) -> None:
    n = CHUNK + 10
    labels = some_labels(n) if labelled else None
    to_frame(some_images(n).astype(dtype), labels).to_parquet(tmp_path / "a.parquet")
    words = f"a Parquet file of {n:,} digits, {'with' if labelled else 'without'} labels"
    expect(tmp_path / "a.parquet", some_images(n), labels, words)
    assert [chunk.done for chunk in open_batch(tmp_path / "a.parquet").chunks()] == [CHUNK / n, 1.0]


def test_parquet_with_gaps_and_with_text(tmp_path: Path) -> None:
    frame = to_frame(some_images(), some_labels()).astype("Int64")
    frame.loc[3, "pixel4"] = None
    frame.to_parquet(tmp_path / "a.parquet")
    found = gather(open_batch(tmp_path / "a.parquet"))
    np.testing.assert_array_equal(found.images, some_images()[[0, 1, 2, 4]])
    assert [(row.number, "pixel4. Received: nan" in row.reason) for row in found.bad] == [(4, True)]
    frame.assign(pixel7="x").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match="string in column pixel7"):
        open_batch(tmp_path / "b.parquet")
    frame.drop(columns="pixel7").to_parquet(tmp_path / "c.parquet")
    with pytest.raises(DataError, match="without pixel7"):
        open_batch(tmp_path / "c.parquet")


def test_parquet_in_groups_too_large_for_memory_is_refused(tmp_path: Path) -> None:
    to_frame(some_images(200), None).to_parquet(tmp_path / "a.parquet")
    to_frame(some_images(200), None).to_parquet(tmp_path / "b.parquet", row_group_size=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "MAX_GROUP", 180_000)
        with pytest.raises(DataError, match=r"row groups of at most 0 MB in a\.parquet"):
            open_batch(tmp_path / "a.parquet")
        assert len(gather(open_batch(tmp_path / "b.parquet")).images) == 200


# --- Pictures ----------------------------------------------------------------------------------------------------


def png(image: Images) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(255 - np.pad(image, 3)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def digits() -> Images:
    return load_dataset("uci").test.images[:12]


def prepared(images: Images) -> Images:
    return np.array([preprocess(load_ink(png(image))).image for image in images])


def put(files: dict[str, bytes], where: Path) -> Path:
    """As a zip, or in a folder."""
    if where.suffix == ".zip":
        with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in files.items():
                file.writestr(name, content)
    else:
        for name, content in files.items():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_bytes(content)
    return where


@pytest.mark.parametrize("where", ["a.zip", "folder"])
@pytest.mark.parametrize("labelled", [False, True])
def test_pictures_come_in_the_order_that_people_count_in(
    where: str, labelled: bool, digits: Images, tmp_path: Path
) -> None:
    names = [f"{'digits/7/' * labelled}{number}.png" for number in range(1, 13)]
    path = put({name: png(image) for name, image in zip(names, digits, strict=True)}, tmp_path / where)
    batch = open_batch(path)
    what = "a zip" if where == "a.zip" else "a folder"
    assert batch.kind == f"{what} of 12 digits in picture files, {'with' if labelled else 'without'} labels"
    found = gather(batch)
    np.testing.assert_array_equal(found.images, prepared(digits))
    assert found.names == tuple(names)
    assert (found.labels is None) != labelled
    if found.labels is not None:
        assert found.labels.tolist() == [7] * 12


@pytest.mark.parametrize("where", ["a.zip", "folder"])
def test_what_is_no_picture_is_named_and_the_others_read(where: str, digits: Images, tmp_path: Path) -> None:
    files = {
        "1.png": png(digits[0]),
        "2.png": b"no picture",
        "3.png": png(np.zeros((28, 28), np.uint8)),
        "4.png": png(digits[1]),
        "5.png": png(digits[2])[:100],
        "__MACOSX/._1.png": b"left behind",
        ".DS_Store": b"left behind",
    }
    found = gather(open_batch(put(files, tmp_path / where)))
    assert found.numbers.tolist() == [1, 4]
    assert found.names == ("1.png", "4.png")
    assert [(row.number, row.name) for row in found.bad] == [(2, "2.png"), (3, "3.png"), (5, "5.png")]
    assert "which is none" in found.bad[0].reason
    assert "Expected ink" in found.bad[1].reason
    assert "breaks off" in found.bad[2].reason


@pytest.mark.parametrize("name", ["../out.png", "/abs.png", "a/../../out.png", "C:/x.png", "..\\out.png"])
def test_a_name_that_leads_out_of_the_zip_is_not_followed(name: str, digits: Images, tmp_path: Path) -> None:
    path = put({name: png(digits[0]), "good.png": png(digits[1])}, tmp_path / "a.zip")
    before = sorted(tmp_path.rglob("*"))
    found = gather(open_batch(path))
    assert found.names == ("good.png",)
    assert "leads out of it" in found.bad[0].reason
    assert sorted(tmp_path.rglob("*")) == before


def test_a_picture_that_unpacks_to_too_much_is_one_bad_row(digits: Images, tmp_path: Path) -> None:
    path = put({"bomb.png": bytes(30_000_000), "good.png": png(digits[1])}, tmp_path / "a.zip")
    found = gather(open_batch(path))
    assert found.names == ("good.png",)
    assert "at most 25 MB" in found.bad[0].reason


def set_flag(path: Path) -> None:
    """Say of each entry that it is encrypted, here and in the directory."""
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content[start + offset] |= 1
            start = content.find(mark, start + 4)
    path.write_bytes(content)


def test_zips_that_cannot_be_read_are_refused(digits: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put({"1.png": png(digits[0]), "2.png": png(digits[1])}, tmp_path / "a.zip")
    with monkeypatch.context() as patch:
        patch.setattr(picture_files, "MAX_UNPACKED", 100)
        with pytest.raises(DataError, match="unpack to at most"):
            open_batch(path)
        patch.setattr(picture_files, "MAX_UNPACKED", 10**9)
        patch.setattr(picture_files, "MAX_PICTURES", 1)
        with pytest.raises(DataError, match=r"at most 1 pictures"):
            open_batch(path)
        with pytest.raises(DataError, match=r"at most 1 pictures"):
            open_batch(put({"1.png": b"", "2.png": b""}, tmp_path / "folder"))
    set_flag(path)
    with pytest.raises(DataError, match=r"an encrypted zip\. Pack it again without"):
        open_batch(path)
    with pytest.raises(DataError, match="without any"):
        open_batch(put({}, tmp_path / "empty.zip"))
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="a folder without any"):
        open_batch(tmp_path / "bare")


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


# --- Reading -----------------------------------------------------------------------------------------------------


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
