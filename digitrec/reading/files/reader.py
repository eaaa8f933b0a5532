"""Classifying a batch: one row of a frame for each digit. The next chunk is read while one is classified."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.datasets.csv_stream import MAX_BAD, BadRow, Chunk
from digitrec.datasets.dataset import Progress, silent
from digitrec.networks.classifier import Classifier
from digitrec.reading.files.batch import Batch


@dataclass(frozen=True, eq=False)
class BatchReading:
    """The readings of a batch.

    Attributes
    ----------
    frame : one row for each good row, in order: row (int64, from 1), name (of the picture, if it has one), digit
        (uint8), confidence (float32, 0 to 1), unsure (bool), second and second_confidence (the runner-up), and label
        (uint8, if there are labels).
    bad, bad_count : the first bad rows, at most `MAX_BAD`, and the number of all.
    """

    frame: pd.DataFrame
    bad: tuple[BadRow, ...]
    bad_count: int

    @property
    def count(self) -> int:
        """The number of rows, good and bad."""
        return len(self.frame) + self.bad_count


def read_batch(batch: Batch, classifier: Classifier, progress: Progress = silent) -> BatchReading:
    """The reader: read all digits of a `Batch`. Memory holds a few chunks and the frame, whatever the file's size.

    Parameters
    ----------
    progress : called with the fraction that is done, 0 to 1.
    """
    parts: list[pd.DataFrame] = []
    bad: list[BadRow] = []
    bad_count = 0
    for chunk in _ahead(batch.chunks()):
        parts.append(_to_frame(chunk, classifier))
        bad += chunk.bad[: MAX_BAD - len(bad)]
        bad_count += chunk.bad_count
        progress(chunk.done)
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return BatchReading(frame, tuple(bad), bad_count)


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks, the next one prepared in a thread while one is in use."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = thread.submit(next, chunks, None)
            yield chunk


def _to_frame(chunk: Chunk, classifier: Classifier) -> pd.DataFrame:
    probabilities = classifier.predict_proba(chunk.images)
    order = np.argsort(probabilities, axis=1, kind="stable")
    second, confidence = order[:, -2], probabilities.max(axis=1)
    columns: dict[str, NDArray[Any] | tuple[str, ...]] = {
        "row": chunk.numbers,
        **({} if chunk.names is None else {"name": chunk.names}),
        "digit": probabilities.argmax(axis=1).astype(np.uint8),
        "confidence": confidence,
        "unsure": classifier.are_unsure(probabilities),
        "second": second.astype(np.uint8),
        "second_confidence": np.take_along_axis(probabilities, second[:, None], axis=1)[:, 0],
        **({} if chunk.labels is None else {"label": chunk.labels}),
    }
    return pd.DataFrame(columns)
