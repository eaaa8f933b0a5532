"""What a file of many digits was understood to be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from digitrec.datasets.tables import Chunk
from digitrec.errors import DataError

MAX_IMAGES = 10_000_000


@dataclass(frozen=True, eq=False)
class Batch:
    """A file or folder of digits of which only the beginning has been looked at.

    Attributes
    ----------
    name : for people.
    kind : what it is, in words: "a CSV of 28,000 digits, with a header, without labels".
    count : how many rows or pictures it has, bad ones among them; None where that takes long to find out.
    has_labels : whether its digits are labelled.
    chunks : gives its chunks from the first one on; may be called again.
    """

    name: str
    kind: str
    count: int | None
    has_labels: bool
    chunks: Callable[[], Iterator[Chunk]]


def check_count(count: int, name: str) -> None:
    """Refuse a file without digits, or with too many."""
    if count < 1:
        raise DataError(f"Expected {name} to hold digits. Received: none. Choose another file.")
    if count > MAX_IMAGES:
        raise DataError(
            f"Expected {name} to hold at most {MAX_IMAGES:,} digits. Received: {count:,}. Split it into smaller files."
        )


def labels_in_words(has_labels: bool) -> str:
    """As `Batch.kind` says it."""
    return "with labels" if has_labels else "without labels"


def digits_in_words(count: int) -> str:
    """As `Batch.kind` says it: 1 digit, 28,000 digits."""
    return f"{count:,} digit{'s' * (count != 1)}"
