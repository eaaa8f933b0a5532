"""Batches in tables: CSV and Parquet, one row per digit (`digitrec.datasets.csv_stream`)."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from digitrec.datasets.csv_stream import (
    CHUNK,
    LABEL,
    PIXELS,
    Chunk,
    are_fractions,
    count_rows,
    cut_short,
    find_columns,
    sniff,
    stream,
    to_chunk,
)
from digitrec.errors import DataError
from digitrec.reading.files.batch import Batch, check_count, digits_in_words, labels_in_words
from digitrec.storage import StrPath

MAX_GROUP = 300_000_000  # bytes; a short column is one page per row group, and pages are read at once
COUNTED = 250_000_000  # bytes; the rows of a larger CSV are not counted in advance


def open_csv(path: StrPath, name: str) -> Batch:
    """Open a CSV; DataError as `digitrec.datasets.csv_stream.sniff`."""
    path = Path(path)
    csv_format = sniff(path, name)
    count = count_rows(path, csv_format) if path.stat().st_size <= COUNTED else None
    if count is not None:
        check_count(count, name)
    facts = [
        f"a CSV of {'many digits' if count is None else digits_in_words(count)}",
        "with a header" if csv_format.has_header else "without a header",
        labels_in_words(csv_format.has_labels),
        *(["in UTF-16"] if csv_format.encoding != "utf-8" else []),
        *(["with pixels of 0 to 1"] if csv_format.is_fraction else []),
    ]
    return Batch(name, ", ".join(facts), count, csv_format.has_labels, partial(stream, path, csv_format))


def open_parquet(path: StrPath, name: str) -> Batch:
    """Open a Parquet file with the columns of a CSV.

    Raises
    ------
    DataError, if it has other columns, or is damaged.
    """
    path = Path(path)
    from pyarrow import parquet  # noqa: PLC0415  takes 20 ms, for Parquet alone

    try:
        with parquet.ParquetFile(path) as file:
            schema, count = file.schema_arrow, file.metadata.num_rows
            groups = [file.metadata.row_group(index).total_byte_size for index in range(file.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        first = (str(error).splitlines() or ["nothing"])[0].rstrip(". ")
        raise DataError(
            f"Expected {name} to be a complete Parquet file. Received: {first}. Save or copy it again."
        ) from None
    columns = find_columns([column.strip().lower() for column in schema.names], name)
    wrong = [field for field in schema if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))]
    if wrong:
        raise DataError(
            f"Expected {name} to hold numbers. Received: {wrong[0].type} in column {wrong[0].name}. Convert it first."
        )
    check_count(count, name)
    if max(groups) > MAX_GROUP:
        raise DataError(
            f"Expected row groups of at most {MAX_GROUP // 1_000_000} MB in {name}. "
            f"Received: one of {max(groups) / 1e6:,.0f} MB, which must fit into memory. "
            "Write it again with smaller groups, such as 100,000 rows."
        )
    kind = f"a Parquet file of {digits_in_words(count)}, {labels_in_words(LABEL in columns)}"
    return Batch(name, kind, count, LABEL in columns, partial(_stream_parquet, path, columns, count))


def _stream_parquet(path: Path, columns: Sequence[str], count: int) -> Iterator[Chunk]:
    from pyarrow import parquet  # noqa: PLC0415  see above

    done, is_fraction = 0, None
    try:
        # Without these two, whole row groups are read ahead, and one group may be the whole file.
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16) as file:
            for part in file.iter_batches(CHUNK, use_threads=False):
                values, labels = _numbers(part, columns)
                is_fraction = are_fractions(values) if is_fraction is None else is_fraction
                numbers = np.arange(done + 1, done + 1 + len(values))
                done += len(values)
                yield to_chunk(values, labels, numbers, is_fraction=is_fraction, done=done / count)
    except (pa.ArrowException, OSError) as error:
        reason = f"Expected {count:,} rows. Received: damage after row {done} ({error}). Save or copy the file again."
        yield cut_short(done + 1, reason, labelled=LABEL in columns, missing=count - done)


def _numbers(part: pa.RecordBatch, columns: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Pixels, (k, 784), as uint8 if all columns are, and labels; NaN for empty cells."""
    found = dict(zip(columns, (column.to_numpy(zero_copy_only=False) for column in part.columns), strict=True))
    kind = np.uint8 if all(found[name].dtype == np.uint8 for name in PIXELS) else np.float64
    return np.stack([found[name].astype(kind, copy=False) for name in PIXELS], axis=1), found.get(LABEL)
