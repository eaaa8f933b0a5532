"""Readers of whole numbers: by segmentation, in one pass of a sequence network, or by whichever suits the number.

canvas, strokes -> `NumberReader.read` -> `NumberReading`: digits with their ink, left to right
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Strokes
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME, find_model, input_kind, list_models
from digitrec.reading.numbers.results import NumberReading, with_doubt
from digitrec.reading.numbers.segmentation import read_apart, read_number
from digitrec.reading.numbers.sequence import SequenceReader, load_sequence_reader

SUITED, PIECE_BY_PIECE = "as suits", "piece by piece"  # methods, besides the names of sequence models


class NumberReader(Protocol):
    """Reads whole numbers."""

    @property
    def key(self) -> str:
        """Identifies the reader: readers with different results have different keys."""

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """Find and read the digits of a number; arguments and errors as in `segmentation.read_number`.

        Whether a digit is `unsure` is decided by the thresholds of the model that read it.
        """


@dataclass(frozen=True, eq=False)
class PieceReader:
    """Segments a number, and reads the pieces with a digit classifier."""

    classifier: Classifier

    @property
    def key(self) -> str:
        """The hash of the classifier's file."""
        return self.classifier.card.files.get("model.tflite", self.classifier.card.name)

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """See `digitrec.reading.numbers.segmentation.read_number`."""
        return self._with_doubt(read_number(canvas, self.classifier.predict_proba, strokes))

    def read_apart(self, canvas: NDArray[np.uint8]) -> NumberReading | None:
        """See `digitrec.reading.numbers.segmentation.read_apart`."""
        found = read_apart(canvas, self.classifier.predict_proba)
        return None if found is None else self._with_doubt(found)

    def _with_doubt(self, reading: NumberReading) -> NumberReading:
        return replace(reading, digits=with_doubt(reading.digits, self.classifier.is_unsure))


@dataclass(frozen=True, eq=False)
class CombinedReader:
    """Segments a number if strokes or gaps separate its digits; otherwise, reads it with a sequence network."""

    pieces: PieceReader
    sequence: SequenceReader

    @property
    def key(self) -> str:
        """The keys of both readers."""
        return f"{self.pieces.key} {self.sequence.key}"

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """See `digitrec.reading.numbers.segmentation.read_number`."""
        if strokes:
            return self.pieces.read(canvas, strokes)
        return self.pieces.read_apart(canvas) or self.sequence.read(canvas)


def choose_number_reader(
    way: str, classifier: Classifier, load_sequence: Callable[[Path], SequenceReader] = load_sequence_reader
) -> NumberReader:
    """The reader for a method of reading numbers.

    Parameters
    ----------
    way : the name of a sequence model, PIECE_BY_PIECE, or SUITED; any other text counts as SUITED.
    classifier : a classifier of single digits.
    load_sequence : loads the reader from the folder of a sequence model; a caller may pass a cached version.

    Raises
    ------
    ModelError, if a model's files are damaged.
    """
    pieces, available = PieceReader(classifier), list_models("number")
    if way in available:
        return load_sequence(available[way])
    if way == PIECE_BY_PIECE or NUMBERS_NAME not in available:
        return pieces
    return CombinedReader(pieces, load_sequence(available[NUMBERS_NAME]))


def load_number_reader(name: str | None = None) -> NumberReader:
    """Load the reader of a model: a sequence reader for a number model, by segmentation for a digit model.

    Without a name, the shipped models are combined.

    Raises
    ------
    ModelError, if a model is missing or damaged, or was not made by digitrec.
    """
    if name is not None and input_kind(find_model(name)) == "number":
        return load_sequence_reader(name)
    return choose_number_reader(SUITED if name is None else PIECE_BY_PIECE, load_classifier(name or SHIPPED_NAME))
