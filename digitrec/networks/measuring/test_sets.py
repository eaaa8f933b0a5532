"""The held-out sets that the shipped model is measured on: digits of held-out writers, and non-digits.

data folder, seed -> `HeldOutSets`: digits as they are, drawn with thin and thick pens, rotated; non-digits by kind
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Split, load_dataset
from digitrec.datasets.sources.mnist import split_mnist
from digitrec.datasets.sources.pen import PenDigit, load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.digit_forms import FORMS, way_of_writing, write
from digitrec.datasets.synthetic.font_letters import read_letters
from digitrec.datasets.synthetic.nondigits import TRAINED, UNSEEN, kinds
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.ink.drawings import CANVAS, Drawing, place_strokes, render, to_image
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path
from digitrec.ink.preprocessing import shrink
from digitrec.ink.types import Strokes

NONDIGITS = 400  # of each kind
WRITTEN = 50  # of each form of the synthetic writer
PENS = (6, 10, 16, 24, 32)  # pixels wide, for digits of `LENGTH`
LENGTH = 160
FEWEST = 10  # digits of a writing style for which an accuracy is given

UNSEEN_KIND = ", not in the training data"


@dataclass(frozen=True, eq=False)
class Drawn:
    """Drawings as inputs of the networks.

    Attributes
    ----------
    images : (n, 28, 28) uint8.
    paths : (n, 64, 5) float32, pen paths; (0, 64, 5) where they are not known.
    """

    images: NDArray[np.uint8]
    paths: NDArray[np.float32]

    @property
    def has_paths(self) -> bool:
        """Whether the pen paths are known."""
        return len(self.paths) == len(self.images)


@dataclass(frozen=True, eq=False)
class HeldOutSets:
    """Data that no network was trained on.

    Attributes
    ----------
    scans : MNIST's test set.
    validation : every tenth writer of MNIST's training set.
    pen : the held-out pen writers' digits, drawn at random; `pen_labels` (n,) uint8.
    naive : the same drawings, the whole canvas shrunk to (n, 28, 28) uint8.
    styles : (n,) the writing style of each; "" where it has no name.
    widths, rotated : the same digits again, all drawn with one pen, or all rotated by one angle.
    forms, form_names : (n,) digits of the synthetic writer, and the form of each.
    nondigits : by kind.
    """

    scans: Split
    validation: Split
    pen: Drawn
    pen_labels: NDArray[np.uint8]
    naive: NDArray[np.uint8]
    styles: NDArray[np.str_]
    widths: dict[str, NDArray[np.uint8]]
    rotated: dict[str, NDArray[np.uint8]]
    forms: Split
    form_names: NDArray[np.str_]
    nondigits: dict[str, Drawn]


def make_held_out_sets(seed: int) -> HeldOutSets:
    """Draw all held-out sets from the data folder; the same for the same seed.

    Raises
    ------
    DataError, where the data folder lacks MNIST, its writers or the pen digits.
    """
    rng = np.random.default_rng([seed, 1])
    mnist = load_dataset("mnist")
    _, held_out = split_by_writer(load_pen_digits())
    drawings = [draw_at_random(digit.strokes, rng) for digit in held_out]
    forms = [(f"{form.label}, {form.style}", form) for form in FORMS for _ in range(WRITTEN)]
    return HeldOutSets(
        scans=mnist.test,
        validation=split_mnist(mnist.train)[1],
        pen=Drawn(np.stack([to_image(drawing) for drawing in drawings]), _to_paths(drawings)),
        pen_labels=np.array([digit.label for digit in held_out], np.uint8),
        naive=np.stack([shrink(render(drawing)) for drawing in drawings]),
        styles=np.array([way_of_writing(digit.label, len(digit.strokes)) for digit in held_out]),
        widths={f"Pen {width} px wide, digits {LENGTH} px high": _draw(held_out, width, 0) for width in PENS},
        rotated={
            f"rotated 20° {side}": _draw(held_out, 14, degrees)
            for side, degrees in (("clockwise", 20), ("anticlockwise", -20))
        },
        forms=Split(
            np.stack([to_image(draw_at_random(write(form, rng), rng)) for _, form in forms]),
            np.array([form.label for _, form in forms], np.uint8),
        ),
        form_names=np.array([name for name, _ in forms]),
        nondigits=_draw_nondigits(held_out, rng),
    )


def half(drawn: Drawn, which: int) -> Drawn:
    """Every other drawing, from the first (0) for choosing thresholds, or from the second (1) for measuring."""
    return Drawn(drawn.images[which::2], drawn.paths[which::2])


def _draw_nondigits(digits: tuple[PenDigit, ...], rng: np.random.Generator) -> dict[str, Drawn]:
    found = {name.capitalize(): _draw_kind(kind, rng) for name, kind in kinds(TRAINED, digits).items()}
    found |= {name.capitalize() + UNSEEN_KIND: _draw_kind(kind, rng) for name, kind in UNSEEN.items()}
    unknown = np.empty((0, POINTS, FEATURES), np.float32)
    return found | {name.capitalize() + UNSEEN_KIND: Drawn(images, unknown) for name, images in read_letters().items()}


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
    return np.stack(
        [to_image(place_strokes([s @ turn for s in digit.strokes], width, LENGTH, middle)) for digit in digits]
    )
