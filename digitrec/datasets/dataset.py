"""What every source returns: read-only arrays of digits; and the data folder they are loaded from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
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
    """What a loader of a dataset reports its `Progress` to if nobody looks."""


def take_images(split: Split, places: NDArray[np.intp]) -> Split:
    """The images of a `Split` at these indices, with their labels and writers."""
    writers = None if split.writers is None else split.writers[places]
    return Split(split.images[places], split.labels[places], writers)
