"""Download published files into the data folder, completely or not at all.

mirrors -> temporary file -> sha256 -> file
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

import pooch
import requests

from digitrec.errors import DataError
from digitrec.storage import data_folder

TIMEOUT = 20  # seconds without data
CHUNK = 1 << 16  # bytes


class Progress(Protocol):
    """The progress bar that pooch updates during a download."""

    total: int

    def update(self, count: int) -> object:
        """`count` more bytes have arrived."""

    def reset(self) -> object:
        """Start over."""

    def close(self) -> object:
        """The download is over."""


def fetch(files: dict[str, str], mirrors: Iterable[str], progress: Callable[[str], Progress] | None = None) -> None:
    """Download the missing ones of `files`, {path in the data folder: sha256}, from the first mirror that has them.

    Parameters
    ----------
    mirrors : addresses to which the name of a file is appended.
    progress : makes the progress bar for a file, given its path.

    Raises
    ------
    DataError, if no mirror has a file; files that are complete stay, partial ones are removed.
    """
    for path, sha256 in files.items():
        if not (data_folder() / path).is_file():
            _fetch(path, sha256, list(mirrors), progress)


def _fetch(path: str, sha256: str, mirrors: list[str], progress: Callable[[str], Progress] | None) -> None:
    target = data_folder() / path
    problems = []
    for mirror in mirrors:
        bar = progress(path) if progress else False
        try:
            pooch.retrieve(
                f"{mirror}{target.name}",
                known_hash=f"sha256:{sha256}",
                fname=target.name,
                path=target.parent,
                downloader=pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=TIMEOUT),
            )
        except (requests.RequestException, OSError, ValueError) as error:
            logging.getLogger("digitrec").warning("%s from %s: %s", target.name, mirror, error)
            problems.append(f"{mirror.split('/')[2]}: {_in_words(error)}")
        else:
            return
    raise DataError(
        f"Expected to download {target.name} from one of {len(mirrors)} servers. Received: {'; '.join(problems)}. "
        f"Try again later, or copy the file to {target.parent}."
    )


def _in_words(error: Exception) -> str:
    match error:
        case requests.HTTPError() if error.response is not None:
            return f"HTTP status {error.response.status_code}"
        case requests.Timeout():
            return "timed out"
        case requests.RequestException():
            return "connection failed"
        case ValueError():
            return "a file that is not the published one"
        case _:
            return "the file could not be written"


def read_checked(path: str, sha256: str) -> bytes:
    """Read a downloaded file of the data folder and check it against its published hash.

    Raises
    ------
    DataError, if the file is missing or its hash differs.
    """
    file = data_folder() / path
    try:
        content = file.read_bytes()
    except OSError:
        raise DataError(
            f"Expected {path} in the data folder {data_folder()}. Received: no such file. "
            "Put it there, or set DIGITREC_DATA to the folder that has it."
        ) from None
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise DataError(
            f"Expected {path} with sha256 {sha256[:12]}…, as published. Received: {len(content):,} bytes with sha256 "
            f"{found[:12]}…. The file is incomplete or changed: delete it and download it again."
        )
    return content
