"""Results of reading a number: pieces of ink, digits, and the reading of the whole number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import ink_to_image
from digitrec.ink.types import Predict

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of the ink.

    Attributes
    ----------
    left, top : of its box on the canvas, in pixels.
    ink : (h, w) uint8, its own ink, cropped to its box.
    """

    left: int
    top: int
    ink: Pixels

    @property
    def right(self) -> int:
        """The right side of its box, excluded."""
        return self.left + self.ink.shape[1]

    @property
    def bottom(self) -> int:
        """The lower side of its box, excluded."""
        return self.top + self.ink.shape[0]


@dataclass(frozen=True, eq=False)
class FoundDigit(Piece):
    """A piece read as a digit.

    Attributes
    ----------
    image : (28, 28) uint8, the preprocessed piece.
    probabilities : (10,) float32, sums to 1.
    unsure : whether they are too weak for a verdict, by the thresholds of the model that gave them.
    """

    image: Pixels
    probabilities: NDArray[np.float32]
    unsure: bool = False

    @property
    def digit(self) -> int:
        """The likeliest digit."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True, eq=False)
class NumberReading:
    """The reading of a number. Every pixel of ink is in exactly one of `digits` and `left_out`.

    Attributes
    ----------
    digits : left to right, by the centres of their boxes.
    left_out : specks.
    """

    digits: tuple[FoundDigit, ...] = ()
    left_out: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The likeliest digits, left to right; empty if there are none."""
        return "".join(str(found.digit) for found in self.digits)


def read_pieces(pieces: Sequence[Piece], read: Predict) -> tuple[FoundDigit, ...]:
    """Each `Piece` as a `FoundDigit`, read from its full-size ink, in order of the centres of their boxes."""
    ordered = sorted(pieces, key=lambda piece: piece.left + piece.right)
    images = np.array([ink_to_image(piece.ink) for piece in ordered])
    answers = read(images)
    return tuple(
        FoundDigit(piece.left, piece.top, piece.ink, image, answer)
        for piece, image, answer in zip(ordered, images, answers, strict=True)
    )


def with_doubt(
    digits: Sequence[FoundDigit], is_unsure: Callable[[NDArray[np.float32]], bool]
) -> tuple[FoundDigit, ...]:
    """Each `FoundDigit` with `unsure` set where `is_unsure` of the model that read it says so of its probabilities."""
    return tuple(replace(one, unsure=is_unsure(one.probabilities)) for one in digits)
