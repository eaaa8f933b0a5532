"""The format of a file of many digits, recognised by its first bytes and not by its name, where possible."""

import zipfile
from pathlib import Path

from digitrec.errors import DataError
from digitrec.reading.files.arrays import open_idx, open_npy, open_npz
from digitrec.reading.files.batch import Batch
from digitrec.reading.files.picture_files import open_folder, open_zip
from digitrec.reading.files.tables import open_csv, open_parquet
from digitrec.storage import StrPath

MAX_BYTES = 20_000_000_000  # ten million rows of a CSV
TABLES = (".csv", ".tsv", ".txt")
GZIP = b"\x1f\x8b"
STARTS = {
    b"\x93NUMPY": open_npy,
    b"PAR1": open_parquet,
    b"PK": open_zip,
    b"\0\0\x08": open_idx,
    b"\0\0\x0c": open_idx,
    GZIP: open_idx,
}


def open_batch(path: StrPath, name: str | None = None) -> Batch:
    """Recognise a file or folder of digits by its first bytes; the digits are read later, in chunks.

    Formats: CSV as in Kaggle's Digit Recognizer, with or without header and labels; .npz and .npy of (n, 28, 28) or
    (n, 784); MNIST's idx, gzipped or not, with the labels file beside it, if there is one; Parquet with the columns of
    a CSV; a zip or folder of picture files, labelled if each is in a folder 0 to 9. Pixels are whole numbers of 0 to
    255, or all of 0 to 1, ink high.

    Parameters
    ----------
    name : the name of the file if it is not that of `path`, as for an upload; it is never used as a path.

    Raises
    ------
    DataError, if it is none of these, or nothing in it can be read.
    """
    path = Path(path)
    name = name or path.name or str(path)
    if path.is_dir():
        return open_folder(path, name)
    try:
        size, start = path.stat().st_size, _read_start(path)
    except OSError as error:
        raise DataError(
            f"Expected a file or a folder of digits. Received: {name}: {error.strerror or error}. Check its name."
        ) from None
    if not size:
        raise DataError(f"Expected {name} to hold digits. Received: an empty file. Save or copy it again.")
    if size > MAX_BYTES:
        raise DataError(
            f"Expected {name} to have at most {MAX_BYTES // 1_000_000_000} GB. Received: {size / 1e9:,.0f} GB. "
            "Split it into smaller files."
        )
    opener = next((opener for magic, opener in STARTS.items() if start.startswith(magic)), open_csv)
    return (open_npz if opener is open_zip and _is_npz(path) else opener)(path, name)


def is_batch(path: StrPath) -> bool:
    """Whether a path holds many digits, not a picture of one: a folder, or a format of `open_batch`."""
    path = Path(path)
    if path.is_dir() or path.suffix.lower() in TABLES:
        return True
    try:
        start = _read_start(path)
    except OSError:
        return False
    return any(start.startswith(magic) for magic in STARTS)


def _read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(max(map(len, STARTS)))


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False  # `open_zip` reports what is wrong
    return bool(names) and all(name.endswith(".npy") for name in names)
