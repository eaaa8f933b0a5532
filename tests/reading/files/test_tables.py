from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import csv_stream
from digitrec.errors import DataError
from digitrec.reading.files import (
    CHUNK,
    MAX_BAD,
    open_batch,
    tables,
)
from tests.reading.files.helpers import (
    PIXELS,
    Images,
    cells,
    expect,
    gather,
    some_images,
    some_labels,
    to_csv,
    to_frame,
)


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
    told = "Expected numbers of 0 to 1 in column pixel3. Received: 200 in row 2. Correct or remove that row."
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
        assert row.reason.endswith(" Correct or remove that row.")
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
        with pytest.raises(DataError, match="not text"):
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
    monkeypatch.setattr(csv_stream, "BLOCK", int(block_rows * longest) + 10)
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
    (tmp_path / "a.csv").write_bytes(to_csv(cells(some_images(3))) + b"7" * (csv_stream.BLOCK + 10))
    found = gather(open_batch(tmp_path / "a.csv"))
    np.testing.assert_array_equal(found.numbers, [1, 2, 3])
    assert "a line without an end in row 4" in found.bad[0].reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file"),
        (b"\n \n\r\n", "no rows"),
        (to_csv([], PIXELS), "only a header"),
        (to_csv(cells(some_images(1)), PIXELS[:-1]), "783 columns, without pixel783"),
        (to_csv([["1", "2", "3"]]), "3 columns in the first row"),
        (to_csv([["one"], ["two"]]), "1 column, without pixel0"),
        (to_csv([], ["", "label", *PIXELS]), "786 columns, with "),
        (to_csv([], [*PIXELS[:-1], "pixel0"]), "without pixel783"),
        (to_csv([], [*PIXELS, "pixel0"]), "with a column twice"),
        (to_csv(cells(some_images(1))).decode().encode("utf-16-le"), "bytes that are not text"),
        ("Zürich\n".encode("latin-1"), "1 column, without pixel0"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not text"),
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
