"""Sample digits and numbers, for a first look and for people without a mouse.

They are by writers of the pen digits, or drawn for digitrec if those are not available.
"""

from dataclasses import dataclass, replace

import numpy as np

from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PenDigit
from digitrec.datasets.synthetic.composing import SPACED, compose_one, pen_writers
from digitrec.ink.drawings import CANVAS, Drawing, place_strokes, smooth
from digitrec.ink.types import Strokes
from digitrec.words import with_article

WIDTH = 18.0  # canvas pixels, the default pen width of the Draw page
SIDE = (130, 190)  # canvas pixels

# Corners on a 4 x 6 grid, y down, rounded off when drawn.
OWN: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(2, 0), (0.6, 0.3), (0, 3), (0.6, 5.7), (2, 6), (3.4, 5.7), (4, 3), (3.4, 0.3), (1.9, 0)]],
    1: [[(0.8, 1.4), (2, 0), (2, 0), (2, 6)]],
    2: [[(0.2, 1.4), (0.8, 0), (3.4, 0), (4, 1.6), (3, 3.4), (0, 6), (0, 6), (0, 6), (4, 6)]],
    3: [[(0.3, 0.6), (1, 0), (3.6, 0), (3.8, 2.6), (1.6, 2.9), (1.6, 2.9), (4.2, 3.2), (3.8, 6), (1, 6), (0.1, 5.2)]],
    4: [[(0.9, 0), (0.9, 0), (0, 3.4), (0, 3.4), (0, 3.4), (4, 3.4)], [(3, 0.6), (2.8, 6)]],
    5: [[(3.6, 0), (0.6, 0), (0.6, 0), (0.4, 2.6), (0.4, 2.6), (3.6, 2), (4.2, 4), (3.4, 6), (1, 6), (0, 5.2)]],
    6: [[(3.2, 0), (0.8, 1.6), (-0.2, 4.4), (0.6, 6), (3.2, 6.2), (4, 4.4), (2.8, 3), (1, 3.2), (0.2, 4.6)]],
    7: [[(0, 0), (4, 0), (4, 0), (4, 0), (1.6, 6)]],
    8: [[
        (3.6, 0.9), (2, -0.3), (0.1, 0.6), (0.6, 2.6), (3.6, 3.6), (4, 5.6), (2, 6.3),
        (0, 5.4), (0.6, 3.4), (3.4, 2.4), (3.6, 0.7),
    ]],
    9: [[(3.6, 1), (2.2, -0.2), (0.2, 0.6), (0.2, 2.6), (1.8, 3.2), (3.6, 2), (3.7, 0.8), (3.6, 2), (3, 6)]],
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sample:
    """A drawing, its digit or number, and one sentence on its origin."""

    drawing: Drawing
    label: int | str
    origin: str


def sample_digit(digits: tuple[PenDigit, ...], rng: np.random.Generator) -> Sample:
    """A digit by one of the held-out writers of `digits`; if there are none, one drawn for digitrec."""
    held_out = [digit for digit in digits if digit.writer in HELD_OUT_WRITERS]
    if not held_out:
        return own_sample(int(rng.integers(10)), rng)
    digit = held_out[rng.integers(len(held_out))]
    spoken = with_article(digit.label).capitalize()
    origin = f"{spoken} by writer {digit.writer} of the UCI pen digits, whose digits are not used for training."
    return Sample(_place(digit.strokes, rng), digit.label, origin)


def sample_number(digits: tuple[PenDigit, ...], rng: np.random.Generator) -> Sample:
    """A number composed of digits by a held-out writer of `digits`; if there are none, of digits drawn for digitrec."""
    held_out = [digit for digit in digits if digit.writer in HELD_OUT_WRITERS]
    if held_out:
        writer = held_out[rng.integers(len(held_out))].writer
        known = [digit for digit in held_out if digit.writer == writer]
        origin = f"digits by writer {writer} of the UCI pen digits, which are not used for training"
    else:
        known = [PenDigit(_own_strokes(label), label, 0) for label in OWN]
        origin = "digits drawn for digitrec"
    number = compose_one(pen_writers(known), replace(SPACED, length=(3, 5)), rng)
    return Sample(number.drawing, number.text, f"{number.text}, composed of {origin}.")


def own_sample(label: int, rng: np.random.Generator) -> Sample:
    """A digit drawn for digitrec."""
    return Sample(_place(_own_strokes(label), rng), label, f"{with_article(label).capitalize()} drawn for digitrec.")


def _own_strokes(label: int) -> Strokes:
    return tuple(smooth(np.array(corners, float)) for corners in OWN[label])


def _place(strokes: Strokes, rng: np.random.Generator) -> Drawing:
    x, y = CANVAS / 2 + rng.uniform(-20, 20, 2)
    return place_strokes(strokes, WIDTH, rng.uniform(*SIDE), (x, y))
