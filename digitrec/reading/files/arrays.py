"""Batches in arrays: NumPy's .npy and .npz, and MNIST's idx.

file -> header with count and type -> chunks read one after the other, never the whole array
"""

import gzip
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.csv_stream import CHUNK, PIXELS, Chunk, are_fractions, cut_short, to_chunk
from digitrec.datasets.sources.mnist import read_idx, read_idx_header
from digitrec.errors import DataError
from digitrec.ink.preprocessing import SIDE
from digitrec.reading.files.batch import MAX_IMAGES, Batch, check_count, digits_in_words, labels_in_words
from digitrec.storage import DAMAGED, StrPath

Open = Callable[[], AbstractContextManager[IO[bytes]]]
PAIRS = (("images", "labels"), ("x_test", "y_test"), ("x", "y"), ("X", "y"))  # their names in .npz files
SHAPES = ((SIDE, SIDE), (SIDE * SIDE,), (SIDE, SIDE, 1))  # shapes of an image
MAX_WHOLE = 250_000_000  # bytes of an array in column order, which must be read at once
IDX_HEADER = 20  # bytes, at most


@dataclass(frozen=True)
class Layout:
    """The layout of images in a file: shape and dtype, from byte `start` on; in column order if `is_fortran`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int
    is_fortran: bool = False


def open_npy(path: StrPath, name: str) -> Batch:
    """Open a .npy of images; DataError if it is not one."""
    path = Path(path)
    opener = partial(_open_plain_or_gzip, path)
    layout = _read_layout(opener, name)
    return _to_batch(opener, layout, name, f"a NumPy array of {_digits(layout)}", None)


def open_npz(path: StrPath, name: str) -> Batch:
    """Open a .npz with images, and labels if it has them; of Keras's mnist.npz, the test part.

    Raises
    ------
    DataError, if it has no images, or labels that do not match them.
    """
    path = Path(path)
    with zipfile.ZipFile(path) as packed:
        arrays = {part.removesuffix(".npy"): part for part in packed.namelist()}
    images, labels = next(
        ((x, y if y in arrays else None) for x, y in PAIRS if x in arrays),
        (next(iter(arrays)) if len(arrays) == 1 else None, None),
    )
    if images is None:
        raise DataError(
            f"Expected {name} to hold images, and labels if there are any. Received: {', '.join(arrays)}. "
            "Save the arrays under those names."
        )
    member = partial(_open_member, path, arrays[images])
    layout = _read_layout(member, name)
    known = None if labels is None else _read_labels(partial(_open_member, path, arrays[labels]), name)
    kind = f"an .npz of {_digits(layout)} ({images})"
    return _to_batch(member, layout, name, kind, known)


def open_idx(path: StrPath, name: str) -> Batch:
    """Open an idx file of images, gzipped or not, with the labels file beside it, if its name follows MNIST's.

    Raises
    ------
    DataError, if it holds something else, or the number of labels differs.
    """
    path = Path(path)
    opener = partial(_open_plain_or_gzip, path)
    try:
        with opener() as file:
            shape, dtype, start = read_idx_header(file.read(IDX_HEADER), name)
    except DAMAGED as error:
        raise _not_whole(name, error) from None
    layout = _check_layout(Layout(shape, dtype, start), name)
    beside = _labels_beside(path)
    labels = None
    if beside is not None:
        with _open_plain_or_gzip(beside) as file:
            labels = read_idx(file.read(MAX_IMAGES + IDX_HEADER), beside.name)
    return _to_batch(opener, layout, name, f"an idx file of {_digits(layout)}", labels)


def _to_batch(opener: Open, layout: Layout, name: str, kind: str, labels: NDArray[Any] | None) -> Batch:
    count = layout.shape[0]
    if labels is not None and (labels.shape != (count,) or labels.dtype.kind not in "uif"):
        raise DataError(
            f"Expected a number as label for each of {count:,} images in {name}. "
            f"Received: shape {labels.shape}, {labels.dtype}. Correct the labels, or leave them out."
        )
    words = f"{kind}, {labels_in_words(labels is not None)}"
    return Batch(name, words, count, labels is not None, partial(_stream, opener, layout, labels))


def _stream(opener: Open, layout: Layout, labels: NDArray[Any] | None) -> Iterator[Chunk]:
    count, done, is_fraction = layout.shape[0], 0, None
    try:
        with opener() as file:
            file.read(layout.start)
            for values in _read_rows(file, layout):
                is_fraction = are_fractions(values) if is_fraction is None else is_fraction
                place = slice(done, done + len(values))
                numbers = np.arange(place.start + 1, place.stop + 1)
                done += len(values)
                known = None if labels is None else labels[place]
                yield to_chunk(values, known, numbers, is_fraction=is_fraction, done=done / count)
        problem = "the end of the file"
    except DAMAGED as error:
        problem = f"damage ({error})"
    if done < count:
        reason = f"Expected {count:,} images. Received: {problem} after image {done}. Save or copy the file again."
        yield cut_short(done + 1, reason, labelled=labels is not None, missing=count - done)


def _read_rows(file: IO[bytes], layout: Layout) -> Iterator[NDArray[Any]]:
    """Read (k, 784) values at a time, until no complete row is left."""
    width = len(PIXELS) * layout.dtype.itemsize
    if layout.is_fortran:
        whole = np.frombuffer(file.read(width * layout.shape[0]), layout.dtype).reshape(layout.shape, order="F")
        flat = whole.reshape(len(whole), -1)
        yield from (_plain(flat[start : start + CHUNK]) for start in range(0, len(flat), CHUNK))
        return
    left = layout.shape[0]
    while left and (content := file.read(width * min(CHUNK, left))):
        whole_rows = len(content) // width
        yield _plain(np.frombuffer(content[: whole_rows * width], layout.dtype).reshape(whole_rows, -1))
        left -= min(CHUNK, left)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def _read_layout(opener: Open, name: str) -> Layout:
    return _check_layout(_npy_header(opener, name), name)


def _npy_header(opener: Open, name: str) -> Layout:
    try:
        with opener() as file:
            readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, is_fortran, dtype = readers[np.lib.format.read_magic(file)](file)
            return Layout(shape, dtype, file.tell(), is_fortran)
    except DAMAGED as error:
        raise _not_whole(name, error) from None


def _check_layout(layout: Layout, name: str) -> Layout:
    if layout.dtype.kind not in "buif" or layout.shape[1:] not in SHAPES:
        raise DataError(
            f"Expected {name} to hold images as numbers of shape (n, {SIDE}, {SIDE}) or (n, {SIDE * SIDE}). "
            f"Received: shape {layout.shape}, {layout.dtype}. Convert them first."
        )
    check_count(layout.shape[0], name)
    size = math.prod(layout.shape) * layout.dtype.itemsize
    if layout.is_fortran and size > MAX_WHOLE:
        raise DataError(
            f"Expected images in row order in {name}. Received: {size / 1e6:,.0f} MB in column order. "
            "Save it again after numpy.ascontiguousarray."
        )
    return layout


def _read_labels(opener: Open, name: str) -> NDArray[Any]:
    layout = _npy_header(opener, name)
    if len(layout.shape) != 1 or layout.dtype.kind not in "uif" or layout.shape[0] > MAX_IMAGES:
        raise DataError(
            f"Expected the labels in {name} to be a row of whole numbers. Received: shape {layout.shape}, "
            f"{layout.dtype}. Correct the labels, or leave them out."
        )
    try:
        with opener() as file:
            file.read(layout.start)
            return np.frombuffer(file.read(layout.shape[0] * layout.dtype.itemsize), layout.dtype)
    except DAMAGED as error:
        raise _not_whole(name, error) from None


def _labels_beside(path: Path) -> Path | None:
    stem = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    beside = [path.with_name(stem + suffix) for suffix in ("", ".gz")]
    return next((one for one in beside if one != path and "images" in path.name and one.is_file()), None)


@contextmanager
def _open_member(path: Path, member: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as packed, packed.open(member) as file:
        yield file


@contextmanager
def _open_plain_or_gzip(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if is_gzip else raw


def _digits(layout: Layout) -> str:
    return digits_in_words(layout.shape[0])


def _not_whole(name: str, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    what = "encrypted or damaged" if isinstance(error, RuntimeError | zipfile.BadZipFile | zlib.error) else "damaged"
    return DataError(
        f"Expected {name} to hold plain arrays of numbers. Received: one that is {what}, or holds objects ({error}). "
        "Save it again, with numbers only."
    )
