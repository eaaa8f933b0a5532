"""What the shipped model is measured with: drawings and scans by people whom no training saw, and what is no digit.

data folder, seed -> `HeldOutSets`: digits as they are, drawn with thin and thick pens, turned; no digits, by kind
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Split, load_dataset
from digitrec.datasets.sources.mnist import split_mnist
from digitrec.datasets.sources.pen import PenDigit, draw_at_random, load_pen_digits, split_by_writer, to_image
from digitrec.datasets.synthetic.digit_forms import FORMS, way_of_writing, write
from digitrec.datasets.synthetic.font_letters import read_letters
from digitrec.datasets.synthetic.nondigits import TRAINED, UNSEEN, kinds
from digitrec.ink.drawings import CANVAS, Drawing, place, render
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path
from digitrec.ink.preprocessing import shrink
from digitrec.ink.types import Strokes

NONDIGITS = 400  # of each kind
WRITTEN = 50  # of each form of the synthetic writer
PENS = (6, 10, 16, 24, 32)  # pixels wide, for digits of `LENGTH`
LENGTH = 160
FEWEST = 10  # digits written in one way, to say how well it is read

UNTAUGHT = ", never taught"


@dataclass(frozen=True, eq=False)
class Drawn:
    """Drawings as the networks read them.

    Attributes
    ----------
    images : (n, 28, 28) uint8.
    paths : (n, 64, 5) float32, of the pen; (0, 64, 5) where it is not known how the pen went.
    """

    images: NDArray[np.uint8]
    paths: NDArray[np.float32]

    @property
    def has_paths(self) -> bool:
        """Whether it is known how the pen went."""
        return len(self.paths) == len(self.images)


@dataclass(frozen=True, eq=False)
class HeldOutSets:
    """What no training saw.

    Attributes
    ----------
    scans : MNIST's test part.
    validation : every tenth writer of MNIST's training part.
    pen : the held-out pen writers' digits, drawn at random; `pen_labels` (n,) uint8.
    careless : the same drawings, the whole canvas shrunk to (n, 28, 28) uint8.
    ways : in which way each of them is written; "" where it is not told apart.
    widths, turned : the same digits again, each drawn with the same pen, or turned by the same angle.
    forms, form_names : (n,) digits of the synthetic writer, and in which form.
    nondigits : by kind.
    """

    scans: Split
    validation: Split
    pen: Drawn
    pen_labels: NDArray[np.uint8]
    careless: NDArray[np.uint8]
    ways: NDArray[np.str_]
    widths: dict[str, NDArray[np.uint8]]
    turned: dict[str, NDArray[np.uint8]]
    forms: Split
    form_names: NDArray[np.str_]
    nondigits: dict[str, Drawn]


def make_checks(seed: int) -> HeldOutSets:
    """Everything to measure with, drawn anew from the data folder; the same for the same seed.

    Raises
    ------
    DataError, where the data folder lacks MNIST, its writers or the pen digits.
    """
    rng = np.random.default_rng([seed, 1])
    mnist = load_dataset("mnist")
    _, held_out = split_by_writer(load_pen_digits())
    drawings = [draw_at_random(digit.strokes, rng) for digit in held_out]
    forms = [(f"{form.label}, {form.name}", form) for form in FORMS for _ in range(WRITTEN)]
    return HeldOutSets(
        scans=mnist.test,
        validation=split_mnist(mnist.train)[1],
        pen=Drawn(np.stack([to_image(drawing) for drawing in drawings]), _to_paths(drawings)),
        pen_labels=np.array([digit.label for digit in held_out], np.uint8),
        careless=np.stack([shrink(render(drawing)) for drawing in drawings]),
        ways=np.array([way_of_writing(digit.label, len(digit.strokes)) for digit in held_out]),
        widths={f"A pen of {width} pixels for digits of {LENGTH}": _draw(held_out, width, 0) for width in PENS},
        turned={
            f"Turned {side} by 20°": _draw(held_out, 14, degrees) for side, degrees in (("right", 20), ("left", -20))
        },
        forms=Split(
            np.stack([to_image(draw_at_random(write(form, rng), rng)) for _, form in forms]),
            np.array([form.label for _, form in forms], np.uint8),
        ),
        form_names=np.array([name for name, _ in forms]),
        nondigits=_draw_nondigits(held_out, rng),
    )


def half(drawn: Drawn, which: int) -> Drawn:
    """Every other drawing, from the first (0), to calibrate on, or from the second (1), to measure with."""
    return Drawn(drawn.images[which::2], drawn.paths[which::2])


def _draw_nondigits(digits: tuple[PenDigit, ...], rng: np.random.Generator) -> dict[str, Drawn]:
    found = {name.capitalize(): _draw_kind(kind, rng) for name, kind in kinds(TRAINED, digits).items()}
    found |= {name.capitalize() + UNTAUGHT: _draw_kind(kind, rng) for name, kind in UNSEEN.items()}
    unknown = np.empty((0, POINTS, FEATURES), np.float32)
    return found | {name.capitalize() + UNTAUGHT: Drawn(images, unknown) for name, images in read_letters().items()}


def _draw_kind(kind: Callable[[np.random.Generator], Strokes], rng: np.random.Generator) -> Drawn:
    drawings = [draw_at_random(kind(rng), rng) for _ in range(NONDIGITS)]
    return Drawn(np.stack([to_image(drawing) for drawing in drawings]), _to_paths(drawings))


def _to_paths(drawings: list[Drawing]) -> NDArray[np.float32]:
    return np.stack([to_path([stroke.points for stroke in drawing.strokes]) for drawing in drawings])


def _draw(digits: tuple[PenDigit, ...], width: float, degrees: float) -> NDArray[np.uint8]:
    """Each digit in the middle of the canvas, (n, 28, 28) uint8."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = (CANVAS / 2, CANVAS / 2)
    return np.stack([to_image(place([s @ turn for s in digit.strokes], width, LENGTH, middle)) for digit in digits])
