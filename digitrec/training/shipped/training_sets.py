"""The training data of the shipped model: scans, pen strokes on a canvas, and non-digits.

MNIST (9 of 10 writers) + pen strokes (24 of 30 writers, as written and varied) + a synthetic writer's digits in the
writing styles of other regions + non-digits
"""

from dataclasses import replace

import numpy as np

from digitrec.datasets import load_dataset
from digitrec.datasets.sources.mnist import split_mnist
from digitrec.datasets.sources.pen import PenDigit, draw_pen_digits, load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.digit_forms import FORMS, write
from digitrec.datasets.synthetic.nondigits import TRAINED, draw_nondigits, kinds
from digitrec.datasets.synthetic.stroke_variation import Variation, vary_strokes
from digitrec.training.shipped.path_network import PathTrainingSet
from digitrec.training.worker.minibatches import TrainingSet, to_targets

SCAN_COPIES = 2  # of each scan per epoch, each augmented differently; of each drawing there are more copies below
PEN_COPIES = 4  # each drawn at another size, place, tilt and pen width
VARIED_COPIES = 6  # with varied strokes as well, as if others had written them
OTHER_WRITER = Variation(degrees=4, slant=0.12, stretch=0.12, bend=0.025, reordered=0, reversed_=0, broken=0)
WRITTEN = 1000  # of each form of the synthetic writer
NONDIGITS = 2400  # of each kind
LETTERS = 10_000  # more than of other kinds, since there are more letters
PATH_NONDIGITS = 150  # of each kind, for the path network
PATH_LETTERS = 800
PATH_WRITTEN = 60  # of each form of the synthetic writer


def make_training_set(seed: int) -> TrainingSet:
    """Draw the training set from the data folder; the same for the same seed."""
    rng = np.random.default_rng(seed)
    train, _ = split_mnist(load_dataset("mnist").train)
    pen_train, _ = split_by_writer(load_pen_digits())
    drawn = [draw_pen_digits(pen_train, rng) for _ in range(PEN_COPIES)]
    varied = [draw_pen_digits(_by_other_writers(pen_train, rng), rng) for _ in range(VARIED_COPIES)]
    nondigits = [
        draw_nondigits(kind, LETTERS if "letters" in name else NONDIGITS, rng)
        for name, kind in kinds(TRAINED, pen_train).items()
    ]
    digits = [*[train] * SCAN_COPIES, *drawn, *varied, draw_pen_digits(write_training_forms(WRITTEN, rng), rng)]
    images = np.concatenate([split.images for split in digits] + nondigits)
    targets = np.full((len(images), 10), 0.1, np.float32)
    labels = np.concatenate([split.labels for split in digits])
    targets[: len(labels)] = to_targets(labels)
    return TrainingSet(images, targets)


def _by_other_writers(digits: tuple[PenDigit, ...], rng: np.random.Generator) -> tuple[PenDigit, ...]:
    """The same digits as other people may have written them."""
    return tuple(replace(digit, strokes=tuple(vary_strokes(digit.strokes, OTHER_WRITER, rng))) for digit in digits)


def write_training_forms(count: int, rng: np.random.Generator) -> tuple[PenDigit, ...]:
    """For the training sets of shipped models: `count` digits of each form, by a synthetic writer, number 0."""
    return tuple(PenDigit(write(form, rng), form.label, 0) for form in FORMS for _ in range(count))


def make_path_training_set(seed: int) -> PathTrainingSet:
    """The strokes of the same pen writers, and of non-digits; the same for the same seed."""
    rng = np.random.default_rng(seed)
    train, _ = split_by_writer(load_pen_digits())
    digits = (*train, *write_training_forms(PATH_WRITTEN, rng))
    nondigits = [
        kind(rng)
        for name, kind in kinds(TRAINED, train).items()
        for _ in range(PATH_LETTERS if "letters" in name else PATH_NONDIGITS)
    ]
    targets = np.full((len(digits) + len(nondigits), 10), 0.1, np.float32)
    targets[: len(digits)] = to_targets(np.array([digit.label for digit in digits], np.uint8))
    return PathTrainingSet([*(digit.strokes for digit in digits), *nondigits], targets)
