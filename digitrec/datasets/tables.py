"""Rows of digits, a label and 784 pixels each: which columns they have, and which of them are no digits.

CSV -> `sniff` -> `Form`        CSV, form -> `stream` -> `Chunk`s        numbers from anywhere -> `to_chunk` -> `Chunk`

A CSV is read in blocks of a bounded size. pyarrow reads most of them in one go; a block with anything odd in it is read
line by line, which finds the cell.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from digitrec.errors import DataError
from digitrec.ink.preprocessing import SIDE
from digitrec.storage import StrPath

CHUNK = 2048  # rows at once, at most
PIXELS = tuple(f"pixel{index}" for index in range(SIDE * SIDE))
BLOCK = CHUNK * 2 * len(PIXELS)  # bytes; no row of digits is shorter than a figure and a comma for each pixel
MAX_BAD = 100  # bad rows that are named; the others are counted
SAMPLE = 100  # rows that say whether pixels are of 0 to 255 or of 0 to 1
LABEL = "label"
# What else pixels are called: from 1 on, by row and column, or by their number alone.
SPELLINGS = (
    PIXELS,
    tuple(f"pixel{index + 1}" for index in range(len(PIXELS))),
    tuple(f"{row + 1}x{column + 1}" for row in range(SIDE) for column in range(SIDE)),
    tuple(map(str, range(len(PIXELS)))),
)
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class BadRow:
    """A row that is no digit: its number from 1, why, and the name of its picture, where it has one."""

    number: int
    reason: str
    name: str = ""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows, in order.

    Attributes
    ----------
    images : (k, 28, 28) uint8, ink 255 on 0; k at most `CHUNK`.
    labels : (k,) uint8, 0 to 9; None where there are none.
    numbers : (k,) int64, of the rows, from 1.
    bad, bad_count : the first rows that are no digits, at most `MAX_BAD`, and how many there are.
    done : the share of the whole that has been read up to here, 0 to 1.
    names : of the pictures that the images were made from; None where they are rows.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    numbers: NDArray[np.int64]
    bad: tuple[BadRow, ...] = ()
    bad_count: int = 0
    done: float = 1.0
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Form:
    """How a CSV is written.

    Attributes
    ----------
    columns : in the order of the file: `label`, where there is one, and pixel0 to pixel783.
    has_header : whether the first line names them.
    is_share : whether pixels are shares of full ink, 0 to 1.
    encoding : "utf-8" or "utf-16".
    delimiter, newline : between cells, and between rows.
    """

    columns: tuple[str, ...]
    has_header: bool
    is_share: bool
    encoding: str
    delimiter: str
    newline: bytes

    @property
    def has_labels(self) -> bool:
        """Whether there is a column of labels."""
        return LABEL in self.columns


def sniff(path: StrPath, name: str) -> Form:
    """Learn from the first lines of a CSV how it is written; `name` is what errors call it.

    Raises
    ------
    DataError, where it is no CSV of digits: empty, a header alone, or with other columns.
    """
    path = Path(path)
    with path.open("rb") as file:
        encoding = find_encoding(file)
        head = _decode(file, encoding)
    if "\0" in head:
        raise DataError(
            f"Expected {name} to be a CSV. Received: bytes that are no text. Export it again as plain CSV in UTF-8."
        )
    newline = "\n" if "\n" in head else "\r"
    lines = [line for line in head.split(newline) if line.strip()]
    if not lines:
        raise DataError(f"Expected {name} to be a CSV with a row for each digit. Received: no rows. Export it again.")
    delimiter = max(",;\t", key=lines[0].count)
    rows = [_split(line, delimiter) for line in lines[: SAMPLE + 1]]
    first = [cell.strip().lower() for cell in rows[0]]
    is_counted = first == list(map(str, range(len(first))))  # as pandas writes what has no names
    has_header = is_counted or LABEL in first or sum(map(_is_number, first)) < len(first) / 2
    columns = find_columns(first, name) if has_header and not is_counted else _columns_by_place(len(first), name)
    if has_header and len(lines) == 1:
        raise DataError(f"Expected {name} to have rows. Received: a header alone. Export it again.")
    whole = [row for row in rows[has_header:] if len(row) == len(columns)]
    values = np.array([list(map(_to_number, row)) for row in whole]).reshape(len(whole), len(columns))
    places = [index for index, column in enumerate(columns) if column != LABEL]
    return Form(columns, has_header, are_shares(values[:, places]), encoding, delimiter, newline.encode())


def find_encoding(file: BinaryIO) -> str:
    """The encoding that a file's first bytes tell; UTF-8's mark is passed over."""
    start = file.read(3)
    mark, encoding = next(((mark, said) for mark, said in BOMS if start.startswith(mark)), (b"", "utf-8"))
    file.seek(len(mark) if encoding == "utf-8" else 0)
    return encoding


def find_columns(names: Sequence[str], file: str) -> tuple[str, ...]:
    """What columns hold, by their names: each `label`, or one of pixel0 to pixel783.

    Raises
    ------
    DataError, where one is missing, foreign, or there twice.
    """
    pixels = [name for name in names if name != LABEL]
    for spelling in SPELLINGS:
        if set(pixels) == set(spelling) and len(set(names)) == len(names):
            known = dict(zip(spelling, PIXELS, strict=True))
            return tuple(known.get(name, name) for name in names)
    missing = [name for name in PIXELS if name not in set(names)]
    foreign = [name for name in pixels if name not in set(PIXELS)]
    what = f"without {_list(missing)}" if missing else f"with {_list(foreign)}" if foreign else "with a column twice"
    raise DataError(
        f"Expected {file} to have the columns pixel0 to pixel783, and label where there are labels. "
        f"Received: {len(names)} column{'s' * (len(names) != 1)}, {what}. "
        "Name the columns so, one for each of 28 x 28 pixels."
    )


def are_shares(values: NDArray[np.generic]) -> bool:
    """Whether (n, 784) pixels are shares of full ink: the strongest of most rows that have ink is at most 1."""
    with np.errstate(invalid="ignore"):  # what is no number decides nothing
        strongest = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0).max(axis=1, initial=0)
    inked = strongest[strongest > 0]
    return bool(len(inked)) and float(np.median(inked)) <= 1


def stream(path: StrPath, form: Form) -> Iterator[Chunk]:
    """Read a CSV block by block; what cannot be read is among the bad rows, and the file's end is one if it is torn."""
    path = Path(path)
    number, size = 1, max(path.stat().st_size, 1)
    with path.open("rb") as file:
        find_encoding(file)
        try:
            for index, block in enumerate(_blocks(file, form)):
                rows = _without_header(block, form) if index == 0 and form.has_header else block
                chunk, count = _read_block(rows, form, number, min(file.tell() / size, 1.0))
                number += count
                yield chunk
        except (DataError, UnicodeError, OSError) as error:
            reason = f"Expected rows up to the end. Received: {error} in row {number}. The rest was left aside."
            yield torn(number, reason, labelled=form.has_labels)


def count_rows(path: StrPath, form: Form) -> int | None:
    """How many rows a CSV has, bad ones among them, empty lines not; None where it breaks off."""
    path = Path(path)
    with path.open("rb") as file:
        find_encoding(file)
        try:
            lines = (line for block in _blocks(file, form) for line in block.split(form.newline))
            return sum(1 for line in lines if line.strip()) - form.has_header
        except (DataError, UnicodeError, OSError):
            return None


def torn(number: int, reason: str, *, labelled: bool, missing: int = 1) -> Chunk:
    """The end of something that breaks off before row `number`, `missing` rows early."""
    labels = np.empty(0, np.uint8) if labelled else None
    none = np.empty((0, SIDE, SIDE), np.uint8)
    return Chunk(none, labels, np.empty(0, np.int64), (BadRow(number, reason),), missing)


def to_chunk(
    values: NDArray[Any],
    labels: NDArray[Any] | None,
    numbers: NDArray[np.int64],
    *,
    is_share: bool,
    done: float = 1.0,
    texts: Mapping[int, tuple[int, str]] | None = None,
    bad: Sequence[BadRow] = (),
    bad_count: int = 0,
) -> Chunk:
    """Check rows of numbers, and make those that are digits into images.

    Parameters
    ----------
    values : (n, 784) whole numbers of 0 to 255, or shares of 0 to 1; NaN where there was none.
    labels : (n,), or None.
    numbers : (n,), of the rows.
    texts : of a row that is no number somewhere, the first such place (784 is the label) and what stood there.
    bad, bad_count : rows that were lost before.
    """
    wrong = _find_wrong(values, 1 if is_share else 255, is_whole=not is_share)
    wrong_label = np.zeros(len(values), bool) if labels is None else _find_wrong(labels, 9, is_whole=True)
    is_bad = wrong.any(axis=1) | wrong_label
    places = np.flatnonzero(is_bad)
    named = list(bad)
    for place in places[:MAX_BAD]:
        where = len(PIXELS) if wrong_label[place] else int(wrong[place].argmax())
        value = labels[place] if labels is not None and wrong_label[place] else values[place, where]
        told = (texts or {}).get(int(place), (-1, ""))
        received = _show(told[1]) if told[0] == where else f"{float(value):.10g}"
        named.append(BadRow(int(numbers[place]), _reason(where, received, int(numbers[place]), is_share=is_share)))
    kept = slice(None) if not len(places) else ~is_bad
    good = values[kept]
    greys = np.rint(good * 255.0) if is_share else good
    return Chunk(
        np.ascontiguousarray(greys, np.uint8).reshape(-1, SIDE, SIDE),
        None if labels is None else labels[kept].astype(np.uint8),
        numbers[kept],
        tuple(sorted(named, key=lambda row: row.number)[:MAX_BAD]),
        bad_count + len(places),
        done,
    )


def _find_wrong(values: NDArray[Any], largest: int, *, is_whole: bool) -> NDArray[np.bool_]:
    if values.dtype == np.uint8 and largest == 255:
        return np.zeros(values.shape, bool)
    wrong = ~((values >= 0) & (values <= largest))
    return wrong | (values != np.rint(values)) if is_whole and values.dtype.kind == "f" else wrong


def _reason(place: int, received: str, number: int, *, is_share: bool) -> str:
    column = (*PIXELS, LABEL)[place]
    rule = "0 to 9" if column == LABEL else "0 to 255"
    what = "numbers of 0 to 1" if is_share and column != LABEL else f"whole numbers of {rule}"
    return f"Expected {what} in column {column}. Received: {received} in row {number}. Mend or leave out that row."


def _show(text: str) -> str:
    return "None" if not text.strip() else repr(text if len(text) <= 30 else f"{text[:30]}…")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _columns_by_place(count: int, file: str) -> tuple[str, ...]:
    if count == len(PIXELS):
        return PIXELS
    if count == len(PIXELS) + 1:
        return (LABEL, *PIXELS)
    raise DataError(
        f"Expected {file} to have 785 columns, a label and 28 x 28 pixels, or 784 without labels. "
        f"Received: {count} column{'s' * (count != 1)} in the first row. Export it again as plain CSV."
    )


def _decode(file: BinaryIO, encoding: str) -> str:
    """The beginning of a file; what is no text in it is not told here, since it may be a single bad cell."""
    content = file.read(BLOCK)
    return codecs.getincrementaldecoder(encoding)("replace").decode(content, final=len(content) < BLOCK)


def _blocks(file: BinaryIO, form: Form) -> Iterator[bytes]:
    """Whole lines in UTF-8, at most `BLOCK` bytes at once."""
    source: Any = file if form.encoding == "utf-8" else codecs.EncodedFile(file, "utf-8", form.encoding)
    rest = b""
    while content := source.read(BLOCK - len(rest)):
        block = rest + content
        end = block.rfind(form.newline) + 1
        if not end and len(block) >= BLOCK:
            raise DataError("a line without an end")
        rest = block[end:]
        if end:
            yield block[:end]
    if rest:
        yield rest


def _without_header(block: bytes, form: Form) -> bytes:
    return block.lstrip().partition(form.newline)[2]


def _read_block(block: bytes, form: Form, number: int, done: float) -> tuple[Chunk, int]:
    """The rows of a block, the first of which is `number`, and how many there are."""
    has_hex = b"x" in block or b"X" in block  # pyarrow takes 0x10 for 16 where it reads whole numbers
    for kind in () if has_hex else (pa.uint8(), pa.float64()):
        table = _read_at_once(block, form, kind)
        if table is not None:
            return _from_table(table, form, number, done), table.num_rows
    return _read_by_line(block, form, number, done)


def _read_at_once(block: bytes, form: Form, kind: pa.DataType) -> pa.Table | None:
    """All cells as numbers of one kind; None where one is none, is missing, or a row is of another width."""
    try:
        table = arrow_csv.read_csv(
            BytesIO(block),
            # One thread: the other core reads digits meanwhile.
            arrow_csv.ReadOptions(column_names=list(form.columns), use_threads=False, block_size=BLOCK),
            arrow_csv.ParseOptions(delimiter=form.delimiter),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(form.columns, kind)),
        )
    except pa.ArrowInvalid:
        return None
    return None if any(column.null_count for column in table.columns) else table


def _from_table(table: pa.Table, form: Form, number: int, done: float) -> Chunk:
    values = np.empty((len(PIXELS), table.num_rows), table.schema[0].type.to_pandas_dtype())
    for row, name in zip(values, PIXELS, strict=True):
        row[:] = table[name].to_numpy()
    labels = table[LABEL].to_numpy() if form.has_labels else None
    numbers = np.arange(number, number + table.num_rows)
    return to_chunk(np.ascontiguousarray(values.T), labels, numbers, is_share=form.is_share, done=done)


def _read_by_line(block: bytes, form: Form, number: int, done: float) -> tuple[Chunk, int]:
    order = [form.columns.index(name) for name in (*PIXELS, *([LABEL] if form.has_labels else []))]
    rows: list[NDArray[np.float64]] = []
    numbers: list[int] = []
    texts: dict[int, tuple[int, str]] = {}
    bad: list[BadRow] = []
    first, bad_count = number, 0
    for line in block.split(form.newline):
        if not line.strip():
            continue
        cells = _split(line.decode(errors="replace"), form.delimiter)
        if len(cells) == len(form.columns):
            values = np.array([_to_number(cell) for cell in cells])[order]
            if np.isnan(values).any():
                place = int(np.isnan(values).argmax())
                texts[len(rows)] = place, cells[order[place]]
            rows.append(values)
            numbers.append(number)
        else:
            bad_count += 1
            if len(bad) < MAX_BAD:
                bad.append(BadRow(number, _width_reason(len(cells), form, number)))
        number += 1
    table = np.array(rows).reshape(len(rows), len(order))
    labels = table[:, -1] if form.has_labels else None
    at = np.array(numbers, np.int64)
    chunk = to_chunk(
        table[:, : len(PIXELS)],
        labels,
        at,
        is_share=form.is_share,
        done=done,
        texts=texts,
        bad=bad,
        bad_count=bad_count,
    )
    return chunk, number - first


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.strip("\r")], delimiter=delimiter), [])
    except csv.Error:  # a cell longer than any number
        return []


def _width_reason(count: int, form: Form, number: int) -> str:
    return (
        f"Expected {len(form.columns)} columns, as in the first row. Received: {count} in row {number}. "
        "Mend or leave out that row."
    )


def _is_number(text: str) -> bool:
    return not np.isnan(_to_number(text))


def _to_number(text: str) -> float:
    """The value of a cell: a decimal number with optional sign, fraction and exponent (NumPy writes 1.0e+00); else NaN.

    Hexadecimal, `1_0`, `True` and digits outside ASCII are NaN, although Python or pyarrow would take some of them.
    """
    try:
        return float(text) if text.isascii() and "_" not in text else np.nan
    except ValueError:
        return np.nan
