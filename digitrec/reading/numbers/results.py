"""What is found in the ink of a number: pieces of it, digits, and all of them in their order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.preprocessing import preprocess
from digitrec.ink.types import Predict

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Piece:
    """Some of the ink.

    Attributes
    ----------
    left, top : of its box on the canvas, in pixels.
    ink : (h, w) uint8, its own ink and no other's, tight.
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
    """A piece that was read as a digit.

    Attributes
    ----------
    image : (28, 28) uint8, the piece as the network reads it.
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
    """What a written number was read as. Every pixel of ink is in one of `digits` or of `left_out`, and only there.

    Attributes
    ----------
    digits : left to right, by the middles of their boxes.
    left_out : specks.
    """

    digits: tuple[FoundDigit, ...] = ()
    left_out: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The likeliest digits, left to right; empty where there are none."""
        return "".join(str(found.digit) for found in self.digits)


def read_pieces(pieces: Sequence[Piece], read: Predict) -> tuple[FoundDigit, ...]:
    """Read pieces from all of their ink, in order of the middles of their boxes."""
    ordered = sorted(pieces, key=lambda piece: piece.left + piece.right)
    images = np.array([to_image(piece.ink) for piece in ordered])
    answers = read(images)
    return tuple(
        FoundDigit(piece.left, piece.top, piece.ink, image, answer)
        for piece, image, answer in zip(ordered, images, answers, strict=True)
    )


def with_doubt(
    digits: Sequence[FoundDigit], is_unsure: Callable[[NDArray[np.float32]], bool]
) -> tuple[FoundDigit, ...]:
    """The digits, each `unsure` where `is_unsure` of the model that read them says so of its probabilities."""
    return tuple(replace(one, unsure=is_unsure(one.probabilities)) for one in digits)


def to_image(ink: Pixels) -> Pixels:
    """A piece's tight ink as the network reads it, (28, 28) uint8."""
    image = preprocess(ink).image
    if image is None:
        raise InkError("Expected a piece with ink. Received: one without. Leave out what has no ink.")
    return image
