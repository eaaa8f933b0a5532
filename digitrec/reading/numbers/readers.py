"""Reading a written number: cut into pieces that are read one by one, in one sweep, or whichever of both suits it.

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

SUITED, PIECE_BY_PIECE = "as suits", "piece by piece"  # two ways to read a number, beside the models that sweep


class NumberReader(Protocol):
    """Reads whole numbers."""

    @property
    def key(self) -> str:
        """What tells its answers from those of any other reader."""

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """Find the digits of a number and read them; arguments and errors as of `segmentation.read_number`.

        Whether a digit is `unsure` is decided by the thresholds of the model that read it.
        """


@dataclass(frozen=True, eq=False)
class PieceReader:
    """Cuts a number into pieces, and reads them with a classifier of single digits."""

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
class SuitedReader:
    """Reads piece by piece where strokes or gaps say what belongs together, and in one sweep where ink must be cut."""

    pieces: PieceReader
    sweep: SequenceReader

    @property
    def key(self) -> str:
        """Those of both."""
        return f"{self.pieces.key} {self.sweep.key}"

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """See `digitrec.reading.numbers.segmentation.read_number`."""
        if strokes:
            return self.pieces.read(canvas, strokes)
        return self.pieces.read_apart(canvas) or self.sweep.read(canvas)


def choose_number_reader(
    way: str, classifier: Classifier, load_sweep: Callable[[Path], SequenceReader] = load_sequence_reader
) -> NumberReader:
    """The reader of numbers for a way to read them.

    Parameters
    ----------
    way : the name of a model that reads numbers in one sweep, PIECE_BY_PIECE, or SUITED; as SUITED, any other text.
    classifier : of single digits.
    load_sweep : a folder of a model that reads numbers -> its reader; a cache may stand in for it.

    Raises
    ------
    ModelError, where a model is damaged.
    """
    pieces, there = PieceReader(classifier), list_models("number")
    if way in there:
        return load_sweep(there[way])
    if way == PIECE_BY_PIECE or NUMBERS_NAME not in there:
        return pieces
    return SuitedReader(pieces, load_sweep(there[NUMBERS_NAME]))


def load_number_reader(name: str | None = None) -> NumberReader:
    """The reader of a model: in one sweep where it reads numbers, piece by piece where it reads digits; None: as suits.

    Raises
    ------
    ModelError, where a model is missing, damaged or foreign.
    """
    if name is not None and input_kind(find_model(name)) == "number":
        return load_sequence_reader(name)
    return choose_number_reader(SUITED if name is None else PIECE_BY_PIECE, load_classifier(name or SHIPPED_NAME))
