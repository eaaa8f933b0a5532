"""What every source returns: read-only arrays of digits; and the data folder they are loaded from."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from digitrec.errors import DataError
from digitrec.storage import fingerprint

PARTS = ("train", "test")
Progress = Callable[[float], None]  # called with the fraction that is done, 0 to 1


@dataclass(frozen=True, eq=False)
class Split:
    """The digits of one part of a dataset. The arrays are read-only.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    labels : (n,) uint8, 0 to 9.
    writers : (n,) int32, the writer of each; None if unknown.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    writers: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for array in (self.images, self.labels, self.writers):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset and its origin.

    Attributes
    ----------
    name : as in `digitrec.datasets.SOURCES`.
    train, test : the two parts.
    source, licence : one line each.
    hashes : the sha256 of each file read, by its path in the data folder.
    caution : a warning about figures measured on it, one sentence; empty if there is none.
    """

    name: str
    train: Split
    test: Split
    source: str
    licence: str
    hashes: dict[str, str] = field(default_factory=dict)
    caution: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of the images, labels and writers, by which results are cached: names can be used again."""
        arrays = [getattr(split, name) for split in (self.train, self.test) for name in ("images", "labels", "writers")]
        return fingerprint(*(np.empty(0) if array is None else array for array in arrays))

    def part(self, name: str) -> Split:
        """The part with that name, one of `PARTS`.

        Raises
        ------
        DataError, if there is no such part.
        """
        if name not in PARTS:
            raise DataError(f"Expected train or test as part. Received: {name!r}. Choose one of them.")
        return self.train if name == "train" else self.test


def silent(_fraction: float) -> None:
    """Progress that is not reported."""


def data_folder() -> Path:
    """The folder of the datasets: `DIGITREC_DATA`, or else the user's cache folder."""
    return Path(os.environ.get("DIGITREC_DATA") or platformdirs.user_cache_path("digitrec") / "data")


def read_checked(path: str, sha256: str) -> bytes:
    """Read a file in the data folder and check it against its published hash.

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
