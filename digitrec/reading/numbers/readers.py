"""Reading a written number: cut into pieces that are read one by one, in one sweep, or whichever of both suits it.

canvas, strokes -> `NumberReader.read` -> `NumberReading`: digits with their ink, left to right
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Strokes
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME, find_model, input_kind
from digitrec.reading.numbers.segmentation import NumberReading, read_apart, read_number
from digitrec.reading.numbers.sequence import SequenceReader, load_sequence_reader


class NumberReader(Protocol):
    """Reads whole numbers."""

    @property
    def key(self) -> str:
        """What tells its answers from those of any other reader."""

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> NumberReading:
        """Find the digits of a number and read them; arguments and errors as of `segmentation.read_number`."""

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """Whether ten probabilities are too weak for a verdict on one digit."""


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
        return read_number(canvas, self.classifier.predict_proba, strokes)

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """As the classifier."""
        return self.classifier.is_unsure(probabilities)


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
        return read_apart(canvas, self.pieces.classifier.predict_proba) or self.sweep.read(canvas)

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """As the classifier of single digits."""
        return self.pieces.is_unsure(probabilities)


def load_number_reader(name: str | None = None) -> NumberReader:
    """The reader of a model: in one sweep where it reads numbers, piece by piece where it reads digits; None: as suits.

    Raises
    ------
    ModelError, where a model is missing, damaged or foreign.
    """
    if name is None:
        return SuitedReader(PieceReader(load_classifier(SHIPPED_NAME)), load_sequence_reader(NUMBERS_NAME))
    if input_kind(find_model(name)) == "number":
        return load_sequence_reader(name)
    return PieceReader(load_classifier(name))
