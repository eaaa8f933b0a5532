"""The thresholds and powers of a card, chosen on the first half of the held-out sets."""

import math
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from digitrec.evaluation.calibration import REJECTED
from digitrec.evaluation.metrics import cross_entropy
from digitrec.networks.architectures import ARCHITECTURES, Sharing
from digitrec.networks.card import PathCard
from digitrec.networks.classifier import Classifier
from digitrec.networks.measuring.test_sets import HeldOutSets, half
from digitrec.networks.verdict import combine, digit_probability, mean_digit_score

REJECTED_WITH_PATH = 0.005  # of real digits at most: with the path, even so few are enough to reject non-digits
MAJORITY = 0.5


def choose_thresholds(classifier: Classifier, held_out: HeldOutSets) -> dict[str, float]:
    """The `unsure_below` and `digit_below` of a card that reject 1 % of real digits of the first half.

    Where the network has an output for non-digits, `digit_below` decides, and the likeliest digit need only have the
    majority. Scans and pen digits have equal weight: the lower of their two thresholds is taken, to suit both.
    """
    halves = (held_out.validation.images[0::2], half(held_out.pen, 0).images)
    answers = [classifier.predict_proba(images) for images in halves]
    if Sharing() not in ARCHITECTURES[classifier.card.network].layers:
        return {"unsure_below": min(quantile_below(one.max(axis=1), REJECTED) for one in answers), "digit_below": 0.0}
    scores = [np.where(one.max(axis=1) < MAJORITY, 0, digit_probability(one)) for one in answers]
    return {"unsure_below": MAJORITY, "digit_below": min(quantile_below(score, REJECTED) for score in scores)}


def quantile_below(confidences: NDArray[np.floating[Any]], proportion: float) -> float:
    """A number of three decimal places below which at most this proportion of the confidences lies."""
    return math.floor(1000 * float(np.quantile(confidences, proportion, method="lower"))) / 1000


def choose_powers(classifier: Classifier, path: PathCard, held_out: HeldOutSets) -> PathCard:
    """The powers with the least cross-entropy on the first half of the pen digits, and thresholds for them."""
    first = half(held_out.pen, 0)
    by_ink, by_path = classifier.predict_proba(first.images), classifier.predict_from_paths(first.paths)

    def loss(powers: NDArray[np.float64]) -> float:
        return cross_entropy(combine(by_ink, by_path, (powers[0], powers[1])), held_out.pen_labels[0::2])

    begin = min(product((0.25, 0.5, 1.0, 1.5), repeat=2), key=lambda powers: loss(np.array(powers)))
    found = minimize(loss, begin, method="Nelder-Mead", bounds=[(0.01, 5.0)] * 2).x
    powers = (round(float(found[0]), 3), round(float(found[1]), 3))
    is_weak = combine(by_ink, by_path, powers).max(axis=1) < MAJORITY
    digit_below = quantile_below(np.where(is_weak, 0, mean_digit_score(by_ink, by_path)), REJECTED_WITH_PATH)
    return path.model_copy(update={"powers": powers, "unsure_below": MAJORITY, "digit_below": digit_below})
