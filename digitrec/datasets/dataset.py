"""What every source of digits gives: plain, read-only arrays, and the folder that they come from."""

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

Progress = Callable[[float], None]  # is told the share that is done, 0 to 1


@dataclass(frozen=True, eq=False)
class Split:
    """Digits to train or to test with. The arrays cannot be written to.

    Attributes
    ----------
    images : (n, 28, 28) uint8, ink 255 on 0.
    labels : (n,) uint8, 0 to 9.
    writers : (n,) int32, who wrote each; None where that is not known.
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
    """Digits, and where they came from.

    Attributes
    ----------
    name : as in `digitrec.datasets.SOURCES`.
    train, test : the two splits.
    source, licence : one line each.
    hashes : the sha256 of each file read, by its path in the data folder.
    caution : what to know before trusting figures from it, one sentence; empty where there is nothing.
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


def silent(_share: float) -> None:
    """Progress that nobody watches."""


def data_folder() -> Path:
    """Where datasets are: `DIGITREC_DATA`, or else the user's cache folder."""
    return Path(os.environ.get("DIGITREC_DATA") or platformdirs.user_cache_path("digitrec") / "data")


def read_checked(path: str, sha256: str) -> bytes:
    """The bytes of a file in the data folder, if they are the published ones.

    Raises
    ------
    DataError, where the file is missing or its hash differs.
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
            f"{found[:12]}…. The file is incomplete or changed: delete it and get it again."
        )
    return content
