"""Reviews of suspected label errors: stored in a database in the data folder, and applied to a copy of a dataset.

image, verdict -> `review_label` -> judgements.sqlite -> `read_judgements` -> `with_reviewed_labels` -> `Dataset`

A review belongs to an image and the label it had, not to a position in a file: it still applies after a dataset was
reordered or extended. Reading reviews creates and writes nothing, so that the data folder may be read-only.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split, data_folder
from digitrec.errors import DataError, writing

VERDICTS = ("label wrong", "model wrong", "cannot tell")
FILE = "judgements.sqlite"
_METADATA = sa.MetaData()
_TABLE = sa.Table(
    "judgements",
    _METADATA,
    sa.Column("image", sa.String(64), primary_key=True),  # its sha256
    sa.Column("label", sa.Integer, primary_key=True),  # the one it had
    sa.Column("source", sa.String, nullable=False),
    sa.Column("suggested", sa.Integer, nullable=False),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("time", sa.String, nullable=False),
)


def review_label(source: str, image: NDArray[np.uint8], label: int, suggested: int, verdict: str | None) -> None:
    """Store the verdict on an image's label, in place of an earlier one; None deletes it.

    Parameters
    ----------
    source : the dataset's name, for people who read the table.
    image : (28, 28) uint8.
    label, suggested : the label it has, 0 to 9, and the one that was suggested.
    verdict : one of `VERDICTS`.

    Raises
    ------
    DataError, if the verdict is another, or it cannot be written.
    """
    if verdict is not None and verdict not in VERDICTS:
        raise DataError(f"Expected one of {', '.join(VERDICTS)}. Received: {verdict!r}. Choose one of them.")
    name = image_name(image)
    with _writable() as connection:
        connection.execute(sa.delete(_TABLE).where(_TABLE.c.image == name, _TABLE.c.label == label))
        if verdict is not None:
            row = {"image": name, "label": label, "source": source, "suggested": suggested, "verdict": verdict}
            connection.execute(sa.insert(_TABLE).values(**row, time=datetime.now(UTC).isoformat(timespec="seconds")))


def read_judgements(split: Split) -> pd.DataFrame:
    """The reviews of a split's images: a frame of place (an index), label, suggested, verdict, time, sorted by place.

    Raises
    ------
    DataError, if the database cannot be read.
    """
    columns = ["image", "label", "suggested", "verdict", "time"]
    said = pd.DataFrame(_read_rows(columns), columns=columns)
    if not len(said):
        return pd.DataFrame(columns=["place", *columns[1:]])
    chosen = np.flatnonzero(np.isin(split.labels, said["label"].unique()))
    here = pd.DataFrame({"place": chosen, "label": split.labels[chosen].astype(np.int64)})
    here["image"] = [image_name(split.images[place]) for place in chosen.tolist()]
    found = here.merge(said, on=["image", "label"])
    return found.drop(columns="image").sort_values("place", ignore_index=True)


def with_reviewed_labels(data: Dataset) -> Dataset:
    """A copy of a dataset in which labels reviewed as wrong are replaced by the suggested ones.

    Images reviewed as "cannot tell" are left out. The dataset itself is not changed.
    """
    return replace(data, train=_corrected(data.train), test=_corrected(data.test))


def _corrected(split: Split) -> Split:
    said = read_judgements(split)
    labels = split.labels.copy()
    wrong = said[said["verdict"] == "label wrong"]
    labels[wrong["place"].to_numpy(np.intp)] = wrong["suggested"].to_numpy(np.uint8)
    keep = np.ones(len(split), bool)
    keep[said.loc[said["verdict"] == "cannot tell", "place"].to_numpy(np.intp)] = False
    return Split(split.images[keep], labels[keep], None if split.writers is None else split.writers[keep])


def image_name(image: NDArray[np.uint8]) -> str:
    """The sha256 of an image's pixels."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def _read_rows(columns: list[str]) -> list[tuple[object, ...]]:
    """These columns of all reviews; none where there is no database."""
    if not (data_folder() / FILE).exists():
        return []
    with _readable() as connection:
        if not sa.inspect(connection).has_table(_TABLE.name):
            return []
        return [tuple(row) for row in connection.execute(sa.select(*(_TABLE.c[name] for name in columns)))]


def _readable() -> AbstractContextManager[sa.Connection]:
    """A connection that cannot write."""
    address = f"{(data_folder() / FILE).absolute().as_uri()}?mode=ro"
    return _using(sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True)))


@contextmanager
def _writable() -> Iterator[sa.Connection]:
    """A transaction on the database, which is created if there is none."""
    path = data_folder() / FILE
    with writing(f"reviews to {path}", DataError, "Set DIGITREC_DATA to a writable folder."):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _using(sa.create_engine(sa.URL.create("sqlite", database=str(path)))) as connection:
        _METADATA.create_all(connection)
        yield connection


@contextmanager
def _using(engine: sa.Engine) -> Iterator[sa.Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise DataError(
            f"Expected a database of label reviews in {data_folder() / FILE} that can be used. "
            f"Received: {str(error).splitlines()[0][:120]}. Make room there, or move the file away."
        ) from None
    finally:
        engine.dispose()
