"""Reading a written number, in either of two ways: cut into pieces that are read one by one, or in one sweep.

canvas, strokes -> `NumberReader.read` -> `NumberReading`: digits with their ink, left to right
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from digitrec.classifier import Classifier, load_classifier
from digitrec.registry import NUMBERS_NAME, Card, find_model, what_it_reads
from digitrec.segmentation import NumberReading, read_number
from digitrec.sequence import load_sequence_reader


class NumberReader(Protocol):
    """Reads whole numbers."""

    @property
    def card(self) -> Card:
        """Of the model that it reads with."""

    def read(self, canvas: NDArray[np.uint8], strokes: Sequence[NDArray[Any]] | None = None) -> NumberReading:
        """Find the digits of a number and read them; arguments and errors as of `digitrec.segmentation.read_number`."""

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """Whether ten probabilities are too weak for a verdict on one digit."""


@dataclass(frozen=True, eq=False)
class PieceReader:
    """Cuts a number into pieces, and reads them with a classifier of single digits."""

    classifier: Classifier

    @property
    def card(self) -> Card:
        """Of the classifier."""
        return self.classifier.card

    def read(self, canvas: NDArray[np.uint8], strokes: Sequence[NDArray[Any]] | None = None) -> NumberReading:
        """See `digitrec.segmentation.read_number`."""
        return read_number(canvas, self.classifier.predict_proba, strokes)

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """As the classifier."""
        return self.classifier.is_unsure(probabilities)


def load_number_reader(name: str = NUMBERS_NAME) -> NumberReader:
    """The reader of a model: in one sweep where it reads numbers, piece by piece where it reads digits.

    Raises
    ------
    ModelError, where the model is missing, damaged or foreign.
    """
    if what_it_reads(find_model(name)) == "number":
        return load_sequence_reader(name)
    return PieceReader(load_classifier(name))
