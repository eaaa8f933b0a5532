"""A batch: a file or folder of many digits, opened but not yet read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from digitrec.datasets.csv_stream import Chunk
from digitrec.errors import DataError

MAX_IMAGES = 10_000_000


@dataclass(frozen=True, eq=False)
class Batch:
    """A file or folder of digits whose beginning has been examined.

    Attributes
    ----------
    name : name for users.
    kind : a description: "a CSV of 28,000 digits, with a header, without labels".
    count : the number of rows or pictures, bad ones included; None if counting takes long.
    has_labels : whether the digits are labelled.
    chunks : iterates over the chunks from the first; can be called again.
    """

    name: str
    kind: str
    count: int | None
    has_labels: bool
    chunks: Callable[[], Iterator[Chunk]]


def check_count(count: int, name: str) -> None:
    """Raise DataError if a file has no digits, or too many."""
    if count < 1:
        raise DataError(f"Expected {name} to hold digits. Received: none. Choose another file.")
    if count > MAX_IMAGES:
        raise DataError(
            f"Expected {name} to hold at most {MAX_IMAGES:,} digits. Received: {count:,}. Split it into smaller files."
        )


def labels_in_words(has_labels: bool) -> str:
    """The phrase for `Batch.kind`."""
    return "with labels" if has_labels else "without labels"


def digits_in_words(count: int) -> str:
    """The phrase for `Batch.kind`: 1 digit, 28,000 digits."""
    return f"{count:,} digit{'s' * (count != 1)}"
