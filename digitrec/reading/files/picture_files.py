"""Batches of picture files, one digit each, in a zip or a folder; each is preprocessed as a drawing is.

names, and how to get the bytes of each -> ink -> preprocessed -> chunks

Pictures are in natural order, 2.png before 10.png. A zip is read in place: nothing is extracted, and a name in it is
never used as a path.
"""

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.csv_stream import MAX_BAD, BadRow, Chunk
from digitrec.datasets.sources.local_files import MAX_PICTURES
from digitrec.errors import DataError, DigitrecError, PictureError
from digitrec.ink.image_files import MAX_BYTES, load_ink
from digitrec.ink.preprocessing import SIDE, preprocess
from digitrec.reading.files.batch import Batch, digits_in_words, labels_in_words
from digitrec.storage import DAMAGED, StrPath

AT_ONCE = 128  # pictures in a chunk, small enough for visible progress
MAX_UNPACKED = 5_000_000_000  # bytes of all pictures in a zip
ENCRYPTED = 1  # flag of a zip entry

Get = Callable[[str], Path | bytes]  # a picture by its name; PictureError if it cannot be read


@dataclass(frozen=True)
class Pictures:
    """The names of the pictures in order, their labels if all have one, and a context to read them in."""

    names: tuple[str, ...]
    labels: tuple[int, ...] | None
    begin: Callable[[], AbstractContextManager[Get]]


def open_folder(folder: StrPath, name: str) -> Batch:
    """Open all files in a folder and its subfolders, without links and hidden files; DataError if there are none."""
    folder = Path(folder)
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not _is_hidden(one)]
        found += [Path(parent, one).relative_to(folder).as_posix() for one in files if not _is_hidden(one)]
        if len(found) > MAX_PICTURES:
            raise _too_many(name, len(found))
    return _to_batch(found, name, "a folder", lambda: nullcontext(folder.joinpath))


def open_zip(path: StrPath, name: str) -> Batch:
    """Open a zip of picture files.

    Raises
    ------
    DataError, if it is damaged, encrypted or empty, or its contents are too large.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
    except DAMAGED as error:
        raise DataError(f"Expected {name} to be a zip. Received: a damaged one ({error}). Copy it again.") from None
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise DataError(
            f"Expected {name} to be unencrypted. Received: an encrypted zip. Pack it again without a password."
        )
    if (size := sum(entry.file_size for entry in entries)) > MAX_UNPACKED:
        raise DataError(
            f"Expected {name} to unpack to at most {MAX_UNPACKED / 1e9:.0f} GB. Received: {size / 1e9:,.1f} GB. "
            "Pack fewer pictures in it."
        )
    return _to_batch([entry.filename for entry in entries], name, "a zip", partial(_begin_zip, path))


def _to_batch(found: Sequence[str], name: str, what: str, begin: Callable[[], AbstractContextManager[Get]]) -> Batch:
    if not found:
        raise DataError(f"Expected {name} to hold pictures. Received: {what} without any. Choose another.")
    if len(found) > MAX_PICTURES:
        raise _too_many(name, len(found))
    names = tuple(sorted(found, key=_natural_order))
    parents = [PurePosixPath(one).parent.name for one in names]
    is_labelled = all(re.fullmatch("[0-9]", parent) for parent in parents)
    pictures = Pictures(names, tuple(map(int, parents)) if is_labelled else None, begin)
    kind = f"{what} of {digits_in_words(len(names))} in picture files, {labels_in_words(is_labelled)}"
    return Batch(name, kind, len(names), is_labelled, partial(_stream, pictures))


def _stream(pictures: Pictures) -> Iterator[Chunk]:
    with pictures.begin() as get:
        for start in range(0, len(pictures.names), AT_ONCE):
            yield _read_some(pictures, range(start, min(start + AT_ONCE, len(pictures.names))), get)


def _read_some(pictures: Pictures, places: range, get: Get) -> Chunk:
    images, good, bad = [], [], []
    for place in places:
        name = pictures.names[place]
        try:
            images.append(_read(name, get))
            good.append(place)
        except DigitrecError as error:
            bad.append(BadRow(place + 1, str(error), name))
    return Chunk(
        np.array(images, np.uint8).reshape(-1, SIDE, SIDE),
        None if pictures.labels is None else np.array([pictures.labels[place] for place in good], np.uint8),
        np.array(good, np.int64) + 1,
        tuple(bad[:MAX_BAD]),
        len(bad),
        places.stop / len(pictures.names),
        tuple(pictures.names[place] for place in good),
    )


def _read(name: str, get: Get) -> NDArray[np.uint8]:
    image = preprocess(load_ink(get(name))).image
    if image is None:
        raise PictureError(
            f"Expected ink. Received: {name!r}, on which nothing differs from its border. Remove it, or draw on it."
        )
    return image


@contextmanager
def _begin_zip(path: Path) -> Iterator[Get]:
    with zipfile.ZipFile(path) as packed:
        yield partial(_unpack, packed)


def _unpack(packed: zipfile.ZipFile, name: str) -> bytes:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name:
        raise PictureError(
            f"Expected a name within the zip. Received: {name!r}, which leads out of it. "
            "Do not trust this zip; if it is yours, pack it again."
        )
    try:
        with packed.open(name) as file:
            content = file.read(MAX_BYTES + 1)  # one more than `load_ink` accepts, whatever size the zip claims
    except (*DAMAGED, NotImplementedError) as error:
        raise PictureError(f"Expected a complete picture. Received: {name!r}, {error}. Pack it again.") from None
    return content


def _too_many(name: str, count: int) -> DataError:
    return DataError(
        f"Expected at most {MAX_PICTURES:,} pictures in {name}. Received: {count:,} or more. "
        "Convert them to a .npz first."
    )


def _is_hidden(name: str) -> bool:
    """Whether a file is hidden, or was added by the operating system."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1] == "Thumbs.db" or any(re.match(r"\.[^.]", part) for part in parts)


def _natural_order(name: str) -> list[tuple[int, str]]:
    """2.png before 10.png."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name)]
