"""What a model is worth: measured from its files alone, for its card.

folder, `HeldOutSets` -> thresholds and powers from one half of the checks -> figures from the other -> card

TensorFlow is not needed: what is measured is what the app reads with.
"""

import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from digitrec.evaluation.calibration import (
    REFUSED,
    Bin,
    Calibration,
    calibration_error_by_chance,
    expected_calibration_error,
    reliability,
)
from digitrec.evaluation.metrics import Measurement, cross_entropy, measure
from digitrec.networks.architectures import ARCHITECTURES, Sharing
from digitrec.networks.card import Card, PathCard, Rejection, Speed, read_card, write_card
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.measuring.test_sets import FEWEST, Drawn, HeldOutSets, half
from digitrec.networks.verdict import combine, share_found_by_both, share_of_digits
from digitrec.storage import StrPath

SCANS = "Scans of 297 people it never met (MNIST test)"
VALIDATION = "Scans of 54 people it never met (MNIST validation)"
PEN = "Pen digits of six people it never met"
REFUSED_WITH_PATH = 0.005  # of real digits at most: so few that the path leaves hardly a shape that is none
MAJORITY = 0.5
SYNTHETIC = "synthetic writer"
WITH_PATH = ", ink and path"
SECOND_HALF = ", second half"
# Closer to 1 there are more answers, and what matters happens there.
THRESHOLDS = tuple(
    float(value) for value in np.round([*np.arange(0.2, 0.9, 0.05), *np.arange(0.9, 1.0, 0.01), 0.995], 3)
)
TIMES = 300


def measure_model(folder: StrPath, card: Card, checks: HeldOutSets) -> Card:
    """Choose when it is unsure, measure it, and write the card, with what was measured, into `folder`."""
    folder = Path(folder)
    write_card(folder, card)
    card = card.model_copy(update=choose_thresholds(load_classifier(folder), checks))
    write_card(folder, card)
    if card.path is not None:
        card = card.model_copy(update={"path": choose_powers(load_classifier(folder), card.path, checks)})
        write_card(folder, card)
    return measure_again(folder, checks)


def measure_again(folder: StrPath, checks: HeldOutSets) -> Card:
    """The card of a model with everything measured anew, written into its folder; what was chosen stays."""
    folder = Path(folder)
    classifier, card = load_classifier(folder), read_card(folder)
    answers = {
        "scans": classifier.predict_proba(checks.scans.images),
        "pen": classifier.predict_proba(checks.pen.images),
    }
    card = card.model_copy(
        update={
            "measured": tuple(_figures(classifier, checks, answers)),
            "calibration": tuple(_calibration(classifier, checks, answers)),
            "refusal": _refusal(classifier, checks, answers),
            "speed": measure_speed(classifier, checks.scans.images),
        }
    )
    write_card(folder, card)
    return card


def choose_thresholds(classifier: Classifier, checks: HeldOutSets) -> dict[str, float]:
    """The `unsure_below` and `digit_below` of a card under which 1 % of real digits fall, on the checks' first half.

    Where the network has an answer for what is none, that one decides, and the likeliest digit need only have the
    majority. Scans and pen digits count alike: the threshold suits both, so the lower of the two is taken.
    """
    halves = (checks.validation.images[0::2], half(checks.pen, 0).images)
    answers = [classifier.predict_proba(images) for images in halves]
    if Sharing() not in ARCHITECTURES[classifier.card.network].layers:
        return {"unsure_below": min(quantile_below(one.max(axis=1), REFUSED) for one in answers), "digit_below": 0.0}
    shares = [np.where(one.max(axis=1) < MAJORITY, 0, share_of_digits(one)) for one in answers]
    return {"unsure_below": MAJORITY, "digit_below": min(quantile_below(share, REFUSED) for share in shares)}


def quantile_below(confidences: NDArray[np.floating[Any]], share: float) -> float:
    """A number of three digits below which at most that share of them lies."""
    return math.floor(1000 * float(np.quantile(confidences, share, method="lower"))) / 1000


def choose_powers(classifier: Classifier, path: PathCard, checks: HeldOutSets) -> PathCard:
    """The powers with the least cross-entropy on the first half of the pen digits, and thresholds as the card's."""
    first = half(checks.pen, 0)
    by_ink, by_path = classifier.predict_proba(first.images), classifier.predict_from_paths(first.paths)

    def loss(powers: NDArray[np.float64]) -> float:
        return cross_entropy(combine(by_ink, by_path, (powers[0], powers[1])), checks.pen_labels[0::2])

    begin = min(product((0.25, 0.5, 1.0, 1.5), repeat=2), key=lambda powers: loss(np.array(powers)))
    found = minimize(loss, begin, method="Nelder-Mead", bounds=[(0.01, 5.0)] * 2).x
    powers = (round(float(found[0]), 3), round(float(found[1]), 3))
    is_weak = combine(by_ink, by_path, powers).max(axis=1) < MAJORITY
    digit_below = quantile_below(np.where(is_weak, 0, share_found_by_both(by_ink, by_path)), REFUSED_WITH_PATH)
    return path.model_copy(update={"powers": powers, "unsure_below": MAJORITY, "digit_below": digit_below})


def measure_speed(classifier: Classifier, images: NDArray[np.uint8]) -> Speed:
    """How fast it reads once warm: one image with one thread, and thousands with two."""
    one = _seconds(lambda: classifier.predict_proba(images[:1]), TIMES)
    many = images[:5120]
    batch = _seconds(lambda: classifier.predict_proba(many), 5)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    return Speed(milliseconds=1000 * one, images_per_second=len(many) / batch, machine=machine)


def _seconds(do: Callable[[], object], times: int) -> float:
    """The median."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        took.append(time.perf_counter() - start)
    return float(np.median(took))


Answers = dict[str, NDArray[np.float32]]


def _figures(classifier: Classifier, checks: HeldOutSets, answers: Answers) -> Iterator[Measurement]:
    scans, pen = answers["scans"], answers["pen"]

    def right(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return classifier.predict_proba(images).argmax(axis=1) == labels

    scans_right, pen_right = scans.argmax(axis=1) == checks.scans.labels, pen.argmax(axis=1) == checks.pen_labels
    yield measure("read", SCANS, scans_right)
    yield measure("read", VALIDATION, right(checks.validation.images, checks.validation.labels))
    yield measure("read", PEN, pen_right)
    for name, images in checks.turned.items():
        yield measure("read", f"{PEN}. {name}", right(images, checks.pen_labels))
    yield measure("doubted", SCANS, classifier.are_unsure(scans))
    yield measure("doubted", PEN + SECOND_HALF, classifier.are_unsure(pen[1::2]))
    for kind, drawn in checks.nondigits.items():
        yield measure("refused", kind, classifier.are_unsure(classifier.predict_proba(drawn.images)))
    if classifier.card.path is not None:
        yield from _figures_with_paths(classifier, classifier.card.path, checks)
    for digit in range(10):
        yield measure("digit", str(digit), scans_right[checks.scans.labels == digit]).model_copy(update={"on": SCANS})
        yield measure("digit", str(digit), pen_right[checks.pen_labels == digit]).model_copy(update={"on": PEN})
    yield from _by_way(checks, pen_right, right(checks.forms.images, checks.forms.labels))
    for name, images in checks.widths.items():
        yield measure("width", name, right(images, checks.pen_labels)).model_copy(update={"on": PEN})


def _by_way(checks: HeldOutSets, pen_right: NDArray[np.bool_], forms_right: NDArray[np.bool_]) -> Iterator[Measurement]:
    """How well each way of writing is read."""
    for names, is_right, on in ((checks.ways, pen_right, PEN), (checks.form_names, forms_right, SYNTHETIC)):
        for name, count in zip(*np.unique(names, return_counts=True), strict=True):
            if name and count >= FEWEST:
                yield measure("school", str(name), is_right[names == name]).model_copy(update={"on": on})


def _figures_with_paths(classifier: Classifier, path: PathCard, checks: HeldOutSets) -> Iterator[Measurement]:
    """What is measured where it is known how the pen went; the powers were chosen on the first half."""
    second, labels = half(checks.pen, 1), checks.pen_labels[1::2]
    by_ink, by_path = _read_both(classifier, second)
    together = combine(by_ink, by_path, path.powers)
    yield measure("read", PEN + SECOND_HALF + WITH_PATH, together.argmax(axis=1) == labels)
    yield measure("read", PEN + SECOND_HALF + ", ink alone", by_ink.argmax(axis=1) == labels)
    yield measure("doubted", PEN + SECOND_HALF + WITH_PATH, classifier.are_unsure_of_both(by_ink, by_path))
    for kind, drawn in checks.nondigits.items():
        if drawn.has_paths:
            unsure = classifier.are_unsure_of_both(*_read_both(classifier, drawn))
            yield measure("refused", kind + WITH_PATH, unsure)


def _read_both(classifier: Classifier, drawn: Drawn) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What ink and path say, each alone."""
    return classifier.predict_proba(drawn.images), classifier.predict_from_paths(drawn.paths)


def _calibration(classifier: Classifier, checks: HeldOutSets, answers: Answers) -> Iterator[Calibration]:
    second = checks.pen_labels[1::2]
    yield _calibrate(SCANS, answers["scans"], checks.scans.labels)
    yield _calibrate(PEN + SECOND_HALF, answers["pen"][1::2], second)
    if (path := classifier.card.path) is not None:
        together = combine(*_read_both(classifier, half(checks.pen, 1)), path.powers)
        yield _calibrate(PEN + SECOND_HALF + WITH_PATH, together, second)


def _calibrate(what: str, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Calibration:
    rows = reliability(probabilities, labels).to_dict("records")
    error = expected_calibration_error(probabilities, labels)
    by_chance = calibration_error_by_chance(probabilities)
    bins = tuple(Bin.model_validate(row) for row in rows)
    return Calibration(what=what, n=len(labels), error=error, by_chance=by_chance, bins=bins)


def _refusal(classifier: Classifier, checks: HeldOutSets, answers: Answers) -> Rejection:
    """What other thresholds would do, for the ink alone."""

    def shares(probabilities: NDArray[np.float32]) -> tuple[float, ...]:
        confident = probabilities.max(axis=1)
        if not classifier.card.digit_below:
            return tuple(round(float((confident < threshold).mean()), 5) for threshold in THRESHOLDS)
        weak, digit = confident < classifier.card.unsure_below, share_of_digits(probabilities)
        return tuple(round(float((weak | (digit < threshold)).mean()), 5) for threshold in THRESHOLDS)

    return Rejection(
        thresholds=THRESHOLDS,
        digits={SCANS: shares(answers["scans"]), PEN + SECOND_HALF: shares(answers["pen"][1::2])},
        others={kind: shares(classifier.predict_proba(drawn.images)) for kind, drawn in checks.nondigits.items()},
    )
