"""Tables of digits, one row each: a label and 784 pixels. Columns are identified, and bad rows are reported.

CSV -> `sniff` -> `CsvFormat`        CSV, format -> `stream` -> `Chunk`s        numbers -> `to_chunk` -> `Chunk`

A CSV is read in blocks of limited size. pyarrow parses a normal block at once; a block with an unusual cell is parsed
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

CHUNK = 2048  # rows at most in a chunk
PIXELS = tuple(f"pixel{index}" for index in range(SIDE * SIDE))
BLOCK = CHUNK * 2 * len(PIXELS)  # bytes; a row has at least a figure and a comma for each pixel
MAX_BAD = 100  # bad rows that are listed; the others are only counted
SAMPLE = 100  # rows that decide whether pixels are 0 to 255 or 0 to 1
LABEL = "label"
# Other names of the pixels: counted from 1, by row and column, or plain numbers.
SPELLINGS = (
    PIXELS,
    tuple(f"pixel{index + 1}" for index in range(len(PIXELS))),
    tuple(f"{row + 1}x{column + 1}" for row in range(SIDE) for column in range(SIDE)),
    tuple(map(str, range(len(PIXELS)))),
)
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class BadRow:
    """A row that is not a digit: its number from 1, the reason, and the name of its picture file, if it has one."""

    number: int
    reason: str
    name: str = ""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive rows.

    Attributes
    ----------
    images : (k, 28, 28) uint8, ink 255 on 0; k at most `CHUNK`.
    labels : (k,) uint8, 0 to 9; None if there are no labels.
    numbers : (k,) int64, row numbers, from 1.
    bad, bad_count : the first bad rows, at most `MAX_BAD`, and the number of all.
    done : the fraction of the whole that has been read, 0 to 1.
    names : names of the picture files; None for rows of a table or array.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    numbers: NDArray[np.int64]
    bad: tuple[BadRow, ...] = ()
    bad_count: int = 0
    done: float = 1.0
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CsvFormat:
    """The format of a CSV.

    Attributes
    ----------
    columns : in the order of the file: `label`, if there is one, and pixel0 to pixel783.
    has_header : whether the first line has their names.
    is_fraction : whether pixels are fractions of full ink, 0 to 1.
    encoding : "utf-8" or "utf-16".
    delimiter, newline : between cells, and between rows.
    """

    columns: tuple[str, ...]
    has_header: bool
    is_fraction: bool
    encoding: str
    delimiter: str
    newline: bytes

    @property
    def has_labels(self) -> bool:
        """Whether there is a column of labels."""
        return LABEL in self.columns


def sniff(path: StrPath, name: str) -> CsvFormat:
    """Detect the format of a CSV from its first lines; `name` is its name in errors.

    Raises
    ------
    DataError, if it is not a CSV of digits: empty, only a header, or with other columns.
    """
    path = Path(path)
    with path.open("rb") as file:
        encoding = find_encoding(file)
        head = _decode(file, encoding)
    if "\0" in head:
        raise DataError(
            f"Expected {name} to be a CSV. Received: bytes that are not text. Export it again as plain CSV in UTF-8."
        )
    newline = "\n" if "\n" in head else "\r"
    lines = [line for line in head.split(newline) if line.strip()]
    if not lines:
        raise DataError(f"Expected {name} to be a CSV with a row for each digit. Received: no rows. Export it again.")
    delimiter = max(",;\t", key=lines[0].count)
    rows = [_split(line, delimiter) for line in lines[: SAMPLE + 1]]
    first = [cell.strip().lower() for cell in rows[0]]
    is_counted = first == list(map(str, range(len(first))))  # as pandas writes columns without names
    has_header = is_counted or LABEL in first or sum(map(_is_number, first)) < len(first) / 2
    columns = find_columns(first, name) if has_header and not is_counted else _columns_by_place(len(first), name)
    if has_header and len(lines) == 1:
        raise DataError(f"Expected {name} to have rows. Received: only a header. Export it again.")
    whole = [row for row in rows[has_header:] if len(row) == len(columns)]
    values = np.array([list(map(_to_number, row)) for row in whole]).reshape(len(whole), len(columns))
    places = [index for index, column in enumerate(columns) if column != LABEL]
    return CsvFormat(columns, has_header, are_fractions(values[:, places]), encoding, delimiter, newline.encode())


def find_encoding(file: BinaryIO) -> str:
    """The encoding of a file by its byte order mark; UTF-8's mark is skipped."""
    start = file.read(3)
    mark, encoding = next(((mark, name) for mark, name in BOMS if start.startswith(mark)), (b"", "utf-8"))
    file.seek(len(mark) if encoding == "utf-8" else 0)
    return encoding


def find_columns(names: Sequence[str], file: str) -> tuple[str, ...]:
    """Identify columns by their names: each is `label`, or one of pixel0 to pixel783.

    Raises
    ------
    DataError, if a column is missing, unknown, or there twice.
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
        f"Expected {file} to have the columns pixel0 to pixel783, and label if there are labels. "
        f"Received: {len(names)} column{'s' * (len(names) != 1)}, {what}. "
        "Rename the columns, one for each of 28 x 28 pixels."
    )


def are_fractions(values: NDArray[np.generic]) -> bool:
    """Whether (n, 784) pixels are fractions of full ink: in most rows with ink, the maximum is at most 1."""
    with np.errstate(invalid="ignore"):  # NaN decides nothing
        strongest = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0).max(axis=1, initial=0)
    inked = strongest[strongest > 0]
    return bool(len(inked)) and float(np.median(inked)) <= 1


def stream(path: StrPath, csv_format: CsvFormat) -> Iterator[Chunk]:
    """Read a CSV block by block. Bad rows are listed in the chunks, also the end of a file that is cut short."""
    path = Path(path)
    number, size = 1, max(path.stat().st_size, 1)
    with path.open("rb") as file:
        find_encoding(file)
        try:
            for index, block in enumerate(_blocks(file, csv_format)):
                rows = _without_header(block, csv_format) if index == 0 and csv_format.has_header else block
                chunk, count = _read_block(rows, csv_format, number, min(file.tell() / size, 1.0))
                number += count
                yield chunk
        except (DataError, UnicodeError, OSError) as error:
            reason = f"Expected rows up to the end. Received: {error} in row {number}. The rest was left out."
            yield cut_short(number, reason, labelled=csv_format.has_labels)


def count_rows(path: StrPath, csv_format: CsvFormat) -> int | None:
    """Count the rows of a CSV, bad rows included, empty lines not; None if the file is damaged."""
    path = Path(path)
    with path.open("rb") as file:
        find_encoding(file)
        try:
            lines = (line for block in _blocks(file, csv_format) for line in block.split(csv_format.newline))
            return sum(1 for line in lines if line.strip()) - csv_format.has_header
        except (DataError, UnicodeError, OSError):
            return None


def cut_short(number: int, reason: str, *, labelled: bool, missing: int = 1) -> Chunk:
    """The last chunk of a table that is cut short before row `number`, with `missing` rows missing."""
    labels = np.empty(0, np.uint8) if labelled else None
    none = np.empty((0, SIDE, SIDE), np.uint8)
    return Chunk(none, labels, np.empty(0, np.int64), (BadRow(number, reason),), missing)


def to_chunk(
    values: NDArray[Any],
    labels: NDArray[Any] | None,
    numbers: NDArray[np.int64],
    *,
    is_fraction: bool,
    done: float = 1.0,
    texts: Mapping[int, tuple[int, str]] | None = None,
    bad: Sequence[BadRow] = (),
    bad_count: int = 0,
) -> Chunk:
    """Check rows of numbers, and convert the good ones to images.

    Parameters
    ----------
    values : (n, 784) whole numbers of 0 to 255, or fractions of 0 to 1; NaN if a cell is not a number.
    labels : (n,), or None.
    numbers : (n,), row numbers.
    texts : for each row with a cell that is not a number, the first such column (784 is the label) and its text.
    bad, bad_count : bad rows that were found before.
    """
    wrong = _find_wrong(values, 1 if is_fraction else 255, is_whole=not is_fraction)
    wrong_label = np.zeros(len(values), bool) if labels is None else _find_wrong(labels, 9, is_whole=True)
    is_bad = wrong.any(axis=1) | wrong_label
    places = np.flatnonzero(is_bad)
    named = list(bad)
    for place in places[:MAX_BAD]:
        where = len(PIXELS) if wrong_label[place] else int(wrong[place].argmax())
        value = labels[place] if labels is not None and wrong_label[place] else values[place, where]
        column, text = (texts or {}).get(int(place), (-1, ""))
        received = _show(text) if column == where else f"{float(value):.10g}"
        number = int(numbers[place])
        named.append(BadRow(number, _reason(where, received, number, is_fraction=is_fraction)))
    kept = slice(None) if not len(places) else ~is_bad
    good = values[kept]
    greys = np.rint(good * 255.0) if is_fraction else good
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


def _reason(place: int, received: str, number: int, *, is_fraction: bool) -> str:
    column = (*PIXELS, LABEL)[place]
    rule = "0 to 9" if column == LABEL else "0 to 255"
    what = "numbers of 0 to 1" if is_fraction and column != LABEL else f"whole numbers of {rule}"
    return f"Expected {what} in column {column}. Received: {received} in row {number}. Correct or remove that row."


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
    """Decode the beginning of a file, replacing invalid bytes, which may be a single bad cell."""
    content = file.read(BLOCK)
    return codecs.getincrementaldecoder(encoding)("replace").decode(content, final=len(content) < BLOCK)


def _blocks(file: BinaryIO, csv_format: CsvFormat) -> Iterator[bytes]:
    """Split a file into blocks of whole lines in UTF-8, at most `BLOCK` bytes each."""
    source: Any = file if csv_format.encoding == "utf-8" else codecs.EncodedFile(file, "utf-8", csv_format.encoding)
    rest = b""
    while content := source.read(BLOCK - len(rest)):
        block = rest + content
        end = block.rfind(csv_format.newline) + 1
        if not end and len(block) >= BLOCK:
            raise DataError("a line without an end")
        rest = block[end:]
        if end:
            yield block[:end]
    if rest:
        yield rest


def _without_header(block: bytes, csv_format: CsvFormat) -> bytes:
    return block.lstrip().partition(csv_format.newline)[2]


def _read_block(block: bytes, csv_format: CsvFormat, number: int, done: float) -> tuple[Chunk, int]:
    """Parse the rows of a block, the first of which is `number`, and count them."""
    has_hex = b"x" in block or b"X" in block  # pyarrow takes 0x10 for 16 where it reads whole numbers
    for kind in () if has_hex else (pa.uint8(), pa.float64()):
        table = _read_at_once(block, csv_format, kind)
        if table is not None:
            return _from_table(table, csv_format, number, done), table.num_rows
    return _read_by_line(block, csv_format, number, done)


def _read_at_once(block: bytes, csv_format: CsvFormat, kind: pa.DataType) -> pa.Table | None:
    """Parse all cells as numbers of one kind; None if a cell is not one or is missing, or a row has another width."""
    try:
        table = arrow_csv.read_csv(
            BytesIO(block),
            # One thread: the classifier uses the other core.
            arrow_csv.ReadOptions(column_names=list(csv_format.columns), use_threads=False, block_size=BLOCK),
            arrow_csv.ParseOptions(delimiter=csv_format.delimiter),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(csv_format.columns, kind)),
        )
    except pa.ArrowInvalid:
        return None
    return None if any(column.null_count for column in table.columns) else table


def _from_table(table: pa.Table, csv_format: CsvFormat, number: int, done: float) -> Chunk:
    values = np.empty((len(PIXELS), table.num_rows), table.schema[0].type.to_pandas_dtype())
    for row, name in zip(values, PIXELS, strict=True):
        row[:] = table[name].to_numpy()
    labels = table[LABEL].to_numpy() if csv_format.has_labels else None
    numbers = np.arange(number, number + table.num_rows)
    return to_chunk(np.ascontiguousarray(values.T), labels, numbers, is_fraction=csv_format.is_fraction, done=done)


def _read_by_line(block: bytes, csv_format: CsvFormat, number: int, done: float) -> tuple[Chunk, int]:
    order = [csv_format.columns.index(name) for name in (*PIXELS, *([LABEL] if csv_format.has_labels else []))]
    rows: list[NDArray[np.float64]] = []
    numbers: list[int] = []
    texts: dict[int, tuple[int, str]] = {}
    bad: list[BadRow] = []
    first, bad_count = number, 0
    for line in block.split(csv_format.newline):
        if not line.strip():
            continue
        cells = _split(line.decode(errors="replace"), csv_format.delimiter)
        if len(cells) == len(csv_format.columns):
            values = np.array([_to_number(cell) for cell in cells])[order]
            if np.isnan(values).any():
                place = int(np.isnan(values).argmax())
                texts[len(rows)] = place, cells[order[place]]
            rows.append(values)
            numbers.append(number)
        else:
            bad_count += 1
            if len(bad) < MAX_BAD:
                bad.append(BadRow(number, _width_reason(len(cells), csv_format, number)))
        number += 1
    table = np.array(rows).reshape(len(rows), len(order))
    labels = table[:, -1] if csv_format.has_labels else None
    at = np.array(numbers, np.int64)
    chunk = to_chunk(
        table[:, : len(PIXELS)],
        labels,
        at,
        is_fraction=csv_format.is_fraction,
        done=done,
        texts=texts,
        bad=bad,
        bad_count=bad_count,
    )
    return chunk, number - first


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.strip("\r")], delimiter=delimiter), [])
    except csv.Error:  # a cell that is too long
        return []


def _width_reason(count: int, csv_format: CsvFormat, number: int) -> str:
    return (
        f"Expected {len(csv_format.columns)} columns, as in the first row. Received: {count} in row {number}. "
        "Correct or remove that row."
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
