"""The figures of a model card, measured from the model's files.

folder, `HeldOutSets` -> thresholds and powers from one half of the held-out sets -> figures from the other -> card

Measured with LiteRT, as in the app, so TensorFlow is not needed.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.evaluation.calibration import (
    Bin,
    Calibration,
    calibration_error_by_chance,
    expected_calibration_error,
    reliability,
)
from digitrec.evaluation.metrics import Measurement, measure_proportion
from digitrec.networks.card import Card, PathCard, Rejection, read_card, write_card
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.measuring.speed import measure_speed
from digitrec.networks.measuring.test_sets import FEWEST, Drawn, HeldOutSets, half
from digitrec.networks.measuring.thresholds import choose_powers, choose_thresholds
from digitrec.networks.verdict import combine, digit_probability
from digitrec.storage import StrPath

SCANS = "MNIST test set, 297 writers"
VALIDATION = "MNIST validation set, 54 writers"
PEN = "Pen digits of six held-out writers"
SYNTHETIC = "synthetic writer"
WITH_PATH, WITHOUT_PATH = ", with pen path", ", without pen path"
SECOND_HALF = ", second half"
# Closer together near 1, where most answers are.
THRESHOLDS = tuple(
    float(value) for value in np.round([*np.arange(0.2, 0.9, 0.05), *np.arange(0.9, 1.0, 0.01), 0.995], 3)
)


def measure_model(folder: StrPath, card: Card, held_out: HeldOutSets) -> Card:
    """Choose a model's thresholds and powers, measure it, and write the card with the figures into `folder`."""
    folder = Path(folder)
    write_card(folder, card)
    card = card.model_copy(update=choose_thresholds(load_classifier(folder), held_out))
    write_card(folder, card)
    if card.path is not None:
        card = card.model_copy(update={"path": choose_powers(load_classifier(folder), card.path, held_out)})
        write_card(folder, card)
    return measure_again(folder, held_out)


def measure_again(folder: StrPath, held_out: HeldOutSets) -> Card:
    """Measure a model again and write the card into its folder; the thresholds and powers stay."""
    folder = Path(folder)
    classifier, card = load_classifier(folder), read_card(folder)
    answers = {
        "scans": classifier.predict_proba(held_out.scans.images),
        "pen": classifier.predict_proba(held_out.pen.images),
    }
    card = card.model_copy(
        update={
            "measured": tuple(_figures(classifier, held_out, answers)),
            "calibration": tuple(_calibration(classifier, held_out, answers)),
            "rejection": _rejection(classifier, held_out, answers),
            "speed": measure_speed(classifier, held_out.scans.images),
        }
    )
    write_card(folder, card)
    return card


Answers = dict[str, NDArray[np.float32]]


def _figures(classifier: Classifier, held_out: HeldOutSets, answers: Answers) -> Iterator[Measurement]:
    scans, pen = answers["scans"], answers["pen"]

    def right(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return classifier.predict_proba(images).argmax(axis=1) == labels

    scans_right, pen_right = scans.argmax(axis=1) == held_out.scans.labels, pen.argmax(axis=1) == held_out.pen_labels
    yield measure_proportion("accuracy", SCANS, scans_right)
    yield measure_proportion("accuracy", VALIDATION, right(held_out.validation.images, held_out.validation.labels))
    yield measure_proportion("accuracy", PEN, pen_right)
    for name, images in held_out.rotated.items():
        yield measure_proportion("accuracy", f"{PEN}, {name}", right(images, held_out.pen_labels))
    yield measure_proportion("unsure", SCANS, classifier.are_unsure(scans))
    yield measure_proportion("unsure", PEN + SECOND_HALF, classifier.are_unsure(pen[1::2]))
    for kind, drawn in held_out.nondigits.items():
        yield measure_proportion("rejected", kind, classifier.are_unsure(classifier.predict_proba(drawn.images)))
    if classifier.card.path is not None:
        yield from _figures_with_paths(classifier, classifier.card.path, held_out)
    for digit in range(10):
        yield measure_proportion("digit", str(digit), scans_right[held_out.scans.labels == digit]).model_copy(
            update={"on": SCANS}
        )
        yield measure_proportion("digit", str(digit), pen_right[held_out.pen_labels == digit]).model_copy(
            update={"on": PEN}
        )
    yield from _by_style(held_out, pen_right, right(held_out.forms.images, held_out.forms.labels))
    for name, images in held_out.widths.items():
        yield measure_proportion("width", name, right(images, held_out.pen_labels)).model_copy(update={"on": PEN})


def _by_style(
    held_out: HeldOutSets, pen_right: NDArray[np.bool_], forms_right: NDArray[np.bool_]
) -> Iterator[Measurement]:
    """The accuracy on each writing style of which there are enough digits."""
    for names, is_right, on in ((held_out.styles, pen_right, PEN), (held_out.form_names, forms_right, SYNTHETIC)):
        for name, count in zip(*np.unique(names, return_counts=True), strict=True):
            if name and count >= FEWEST:
                yield measure_proportion("style", str(name), is_right[names == name]).model_copy(update={"on": on})


def _figures_with_paths(classifier: Classifier, path: PathCard, held_out: HeldOutSets) -> Iterator[Measurement]:
    """The figures with pen path, on the second half: the powers were chosen on the first."""
    second, labels = half(held_out.pen, 1), held_out.pen_labels[1::2]
    by_ink, by_path = _read_both(classifier, second)
    together = combine(by_ink, by_path, path.powers)
    yield measure_proportion("accuracy", PEN + SECOND_HALF + WITH_PATH, together.argmax(axis=1) == labels)
    yield measure_proportion("accuracy", PEN + SECOND_HALF + WITHOUT_PATH, by_ink.argmax(axis=1) == labels)
    yield measure_proportion("unsure", PEN + SECOND_HALF + WITH_PATH, classifier.are_unsure_of_both(by_ink, by_path))
    for kind, drawn in held_out.nondigits.items():
        if drawn.has_paths:
            unsure = classifier.are_unsure_of_both(*_read_both(classifier, drawn))
            yield measure_proportion("rejected", kind + WITH_PATH, unsure)


def _read_both(classifier: Classifier, drawn: Drawn) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The probabilities from the image and from the pen path, each alone."""
    return classifier.predict_proba(drawn.images), classifier.predict_from_paths(drawn.paths)


def _calibration(classifier: Classifier, held_out: HeldOutSets, answers: Answers) -> Iterator[Calibration]:
    second = held_out.pen_labels[1::2]
    yield _calibrate(SCANS, answers["scans"], held_out.scans.labels)
    yield _calibrate(PEN + SECOND_HALF, answers["pen"][1::2], second)
    if (path := classifier.card.path) is not None:
        together = combine(*_read_both(classifier, half(held_out.pen, 1)), path.powers)
        yield _calibrate(PEN + SECOND_HALF + WITH_PATH, together, second)


def _calibrate(what: str, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Calibration:
    rows = reliability(probabilities, labels).to_dict("records")
    error = expected_calibration_error(probabilities, labels)
    by_chance = calibration_error_by_chance(probabilities)
    bins = tuple(Bin.model_validate(row) for row in rows)
    return Calibration(what=what, n=len(labels), expected_calibration_error=error, by_chance=by_chance, bins=bins)


def _rejection(classifier: Classifier, held_out: HeldOutSets, answers: Answers) -> Rejection:
    """The rejection rates at other thresholds, without pen path."""

    def rates(probabilities: NDArray[np.float32]) -> tuple[float, ...]:
        confident = probabilities.max(axis=1)
        if not classifier.card.digit_below:
            return tuple(round(float((confident < threshold).mean()), 5) for threshold in THRESHOLDS)
        weak, digit = confident < classifier.card.unsure_below, digit_probability(probabilities)
        return tuple(round(float((weak | (digit < threshold)).mean()), 5) for threshold in THRESHOLDS)

    return Rejection(
        thresholds=THRESHOLDS,
        digits={SCANS: rates(answers["scans"]), PEN + SECOND_HALF: rates(answers["pen"][1::2])},
        others={kind: rates(classifier.predict_proba(drawn.images)) for kind, drawn in held_out.nondigits.items()},
    )
