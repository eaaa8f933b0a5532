"""What people say of labels in doubt: kept in a database in the data folder, and applied to a copy of the data.

image, verdict -> `judge` -> judgements.sqlite -> `read_judgements` -> a frame -> `correct` -> a corrected `Dataset`

A judgement belongs to an image and the label it had, not to a place in a file: it is found again where the same image
is labelled so, whatever else has changed.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split, data_folder
from digitrec.errors import DataError

VERDICTS = ("label wrong", "model wrong", "cannot tell")
FILE = "judgements.sqlite"
_METADATA = sa.MetaData()
_TABLE = sa.Table(
    "judgements",
    _METADATA,
    sa.Column("image", sa.String(64), primary_key=True),  # its sha256
    sa.Column("label", sa.Integer, primary_key=True),  # that it had
    sa.Column("source", sa.String, nullable=False),
    sa.Column("suggested", sa.Integer, nullable=False),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("time", sa.String, nullable=False),
)


def judge(source: str, image: NDArray[np.uint8], label: int, suggested: int, verdict: str | None) -> None:
    """Keep what was said of an image's label, in place of what was said before; None takes that back.

    Parameters
    ----------
    source : the dataset's name, for whoever reads the table.
    image : (28, 28) uint8.
    label, suggested : the digit that it is labelled with, and the one that was suggested.
    verdict : one of `VERDICTS`.

    Raises
    ------
    DataError, where it is another verdict, or cannot be written.
    """
    if verdict is not None and verdict not in VERDICTS:
        raise DataError(f"Expected one of {', '.join(VERDICTS)}. Received: {verdict!r}. Choose one of them.")
    name = image_name(image)
    with _connected() as connection:
        connection.execute(sa.delete(_TABLE).where(_TABLE.c.image == name, _TABLE.c.label == label))
        if verdict is not None:
            row = {"image": name, "label": label, "source": source, "suggested": suggested, "verdict": verdict}
            connection.execute(sa.insert(_TABLE).values(**row, time=datetime.now(UTC).isoformat(timespec="seconds")))


def read_judgements(split: Split) -> pd.DataFrame:
    """What was said of the labels of a split's images: a frame of place, label, suggested, verdict and time, by place.

    Raises
    ------
    DataError, where it cannot be read.
    """
    columns = ["image", "label", "suggested", "verdict", "time"]
    with _connected() as connection:
        rows = connection.execute(sa.select(*(_TABLE.c[name] for name in columns))).all()
    said = pd.DataFrame([tuple(row) for row in rows], columns=columns)
    if not len(said):
        return pd.DataFrame(columns=["place", *columns[1:]])
    chosen = np.flatnonzero(np.isin(split.labels, said["label"].unique()))
    here = pd.DataFrame({"place": chosen, "label": split.labels[chosen].astype(np.int64)})
    here["image"] = [image_name(split.images[place]) for place in chosen.tolist()]
    found = here.merge(said, on=["image", "label"])
    return found.drop(columns="image").sort_values("place", ignore_index=True)


def correct(data: Dataset) -> Dataset:
    """A copy of a dataset in which the labels that were judged wrong are the suggested ones; the data stays as it is.

    Images of which nobody could tell what they are are left out.
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


@contextmanager
def _connected() -> Iterator[sa.Connection]:
    """A transaction on the database, which is made where there is none."""
    path = data_folder() / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(f"sqlite:///{path}")
        try:
            with engine.begin() as connection:
                _METADATA.create_all(connection)
                yield connection
        finally:
            engine.dispose()
    except (OSError, sa.exc.SQLAlchemyError) as error:
        raise DataError(
            f"Expected to keep judgements in {path}. Received: {str(error).splitlines()[0][:120]}. "
            "Make room there, or put the file aside."
        ) from None
