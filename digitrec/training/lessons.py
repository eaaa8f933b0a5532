"""What the shipped model is taught and checked with: scans, pen strokes on a canvas, and what is no digit.

MNIST (9 of 10 writers) + pen strokes (24 of 30 writers, drawn four times each) + drawings that are no digits
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Split, load_dataset
from digitrec.datasets.pen import PenDigit, draw_all, draw_at_random, load_pen_digits, split_by_writer, to_image
from digitrec.drawings import CANVAS, place
from digitrec.errors import DataError
from digitrec.nondigits import TAUGHT, UNSEEN, Kind, draw_nondigits, pair
from digitrec.paths import to_path
from digitrec.training.batches import Lesson, to_targets
from digitrec.training.pathnetwork import PathLesson

PEN_COPIES = 4  # each drawn at another size, place, tilt and pen width
NONDIGITS = 1200  # of each kind
PATH_NONDIGITS = 150  # of each kind, for the network that reads paths
CHECKED_NONDIGITS = 400  # of each kind


@dataclass(frozen=True, eq=False)
class Checks:
    """What no training saw: (n, 28, 28) uint8 images, the digits with labels.

    Attributes
    ----------
    mnist : the validation tenth of MNIST's training set, by writers of its own.
    pen : the held-out pen writers.
    hard : the held-out pen writers again, each digit with the same difficulty.
    nondigits : by kind, those in `UNSEEN` never trained on in any form.
    pen_paths : (n, 64, 5) float32, the pen's paths of `pen`.
    nondigit_paths : by kind, the pen's paths of `nondigits`.
    """

    mnist: Split
    pen: Split
    hard: dict[str, Split]
    nondigits: dict[str, NDArray[np.uint8]]
    pen_paths: NDArray[np.float32]
    nondigit_paths: dict[str, NDArray[np.float32]]


def make_lesson(seed: int) -> tuple[Lesson, Checks]:
    """Everything to train and to validate with, drawn anew from the data folder; the same for the same seed."""
    rng = np.random.default_rng(seed)
    train, validation = split_mnist(load_dataset("mnist").train)
    pen_train, pen_held_out = split_by_writer(load_pen_digits())
    drawn = [draw_all(pen_train, rng) for _ in range(PEN_COPIES)]
    nondigits = [draw_nondigits(kind, NONDIGITS, rng) for kind in kinds(TAUGHT, pen_train).values()]
    digits = [train, *drawn]
    images = np.concatenate([split.images for split in digits] + nondigits)
    targets = np.full((len(images), 10), 0.1, np.float32)
    labels = np.concatenate([split.labels for split in digits])
    targets[: len(labels)] = np.eye(10, dtype=np.float32)[labels]
    checked = kinds(TAUGHT | UNSEEN, pen_held_out)
    unknown, unknown_paths = {}, {}
    for name, kind in checked.items():
        unknown[name], unknown_paths[name] = _draw_with_paths(kind, rng)
    paths = np.stack([to_path(digit.strokes) for digit in pen_held_out])
    drawn_held_out, hard = draw_all(pen_held_out, rng), draw_hard(pen_held_out)
    return Lesson(images, targets), Checks(validation, drawn_held_out, hard, unknown, paths, unknown_paths)


def _draw_with_paths(kind: Kind, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Drawings that are no digits: their images, and the pen's paths."""
    drawings = [draw_at_random(kind(rng), rng) for _ in range(CHECKED_NONDIGITS)]
    paths = [to_path([stroke.points for stroke in drawing.strokes]) for drawing in drawings]
    return np.stack([to_image(drawing) for drawing in drawings]), np.stack(paths)


def make_path_lesson(seed: int) -> PathLesson:
    """The strokes of the same pen writers, and of what is no digit; the same for the same seed."""
    rng = np.random.default_rng(seed)
    train, _ = split_by_writer(load_pen_digits())
    unknown = [kind(rng) for kind in kinds(TAUGHT, train).values() for _ in range(PATH_NONDIGITS)]
    targets = np.full((len(train) + len(unknown), 10), 0.1, np.float32)
    targets[: len(train)] = to_targets(np.array([digit.label for digit in train], np.uint8))
    return PathLesson([*(digit.strokes for digit in train), *unknown], targets)


def draw_hard(digits: tuple[PenDigit, ...]) -> dict[str, Split]:
    """Each digit in the middle of the canvas, 160 pixels long: written with a thick pen, and turned."""
    return {
        "The same, with a pen as wide as a fifth of the digit": _draw(digits, width=32, degrees=0),
        "The same, turned right by 20°": _draw(digits, width=14, degrees=20),
        "The same, turned left by 20°": _draw(digits, width=14, degrees=-20),
    }


def _draw(digits: tuple[PenDigit, ...], width: float, degrees: float) -> Split:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = (CANVAS / 2, CANVAS / 2)
    drawings = [place([stroke @ turn for stroke in digit.strokes], width, 160, middle) for digit in digits]
    labels = np.array([digit.label for digit in digits], np.uint8)
    return Split(np.stack([to_image(drawing) for drawing in drawings]), labels)


def kinds(named: dict[str, Kind], digits: tuple[PenDigit, ...]) -> dict[str, Kind]:
    """Those kinds, and pairs of these digits."""
    return named | {"pairs of digits": lambda rng: pair(digits, rng)}


def split_mnist(train: Split) -> tuple[Split, Split]:
    """(training, validation): every tenth writer of MNIST's training set validates.

    Raises
    ------
    DataError, where the writers are not known.
    """
    if train.writers is None:
        raise DataError(
            "Expected QMNIST's label files in the data folder's qmnist/, which say who wrote which digit. "
            "Received: none. Put them there, so that nobody's digits are both trained on and validated with."
        )
    validates = np.isin(train.writers, np.unique(train.writers)[::10])
    training, validation = (
        Split(train.images[chosen], train.labels[chosen], train.writers[chosen]) for chosen in (~validates, validates)
    )
    return training, validation
