"""From probabilities to a verdict: which digit, whether it is sure, and why."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import Preprocessed
from digitrec.words import with_article

CLOSE = 0.2  # a runner-up with at least this probability is named
FAR = 0.02  # a runner-up with less is not mentioned
BOTH = 0.8  # two digits with more than this together are the only ones that come into question
LEAST = 1e-7  # lower limit of a probability before taking its logarithm
FULL = 0.75  # mean ink of the canvas above which no shape is left to read
NO_INK = "There is no ink to read yet."
FULL_REASON = "Ink covers nearly the whole canvas, so no shape is left to read."
REASONS = {  # {first} and {second} are the likeliest digits with their articles
    "either": "It could be {first} or {second}.",
    "none": "It does not look enough like any digit.",
    "somewhat": "It looks most like {first}, and somewhat like {second}.",
    "most": "It looks most like {first}.",
    "only": "It looks like {first} and like no other digit.",
}


@dataclass(frozen=True, eq=False)
class Reading:
    """The reading of a drawing.

    Attributes
    ----------
    digit : the likeliest digit; None where there is no ink.
    probabilities : (10,) float32, sums to 1.
    unsure : True where the answer is "not sure".
    reason : one sentence that gives the reason.
    preprocessed : the steps from the drawing to the network's input.
    by_ink, by_path : (10,) float32, probabilities from the image and from the pen's path alone; None where not read.
    """

    digit: int | None
    probabilities: NDArray[np.float32]
    unsure: bool
    reason: str
    preprocessed: Preprocessed
    by_ink: NDArray[np.float32] | None = None
    by_path: NDArray[np.float32] | None = None

    @property
    def confidence(self) -> float:
        """The probability of the likeliest digit, 0 to 1."""
        return float(self.probabilities.max())

    @property
    def runner_up(self) -> int | None:
        """The second likeliest digit, if its probability is at least `CLOSE`."""
        second = int(np.argsort(self.probabilities)[-2])
        return second if self.digit is not None and self.probabilities[second] >= CLOSE else None


def combine(
    by_ink: NDArray[np.float32], by_path: NDArray[np.float32], powers: tuple[float, float]
) -> NDArray[np.float32]:
    """The verdict on ink and path: (..., 10) probabilities, each raised to its power, multiplied and normalised."""
    logs = powers[0] * np.log(np.maximum(by_ink, LEAST)) + powers[1] * np.log(np.maximum(by_path, LEAST))
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    together: NDArray[np.float32] = (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)
    return together


def digit_probability(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """The probability of being a digit at all, (n,) float64, from (n, 10) probabilities.

    A network with an output for non-digits spreads that output evenly over the ten digits (`architectures.Sharing`),
    so the least likely digit shows how large it was.
    """
    return np.clip(1 - 10 * probabilities.min(axis=1).astype(np.float64), 0, 1)


def are_too_weak(
    probabilities: NDArray[np.float32], unsure_below: float, digit_below: float = 0.0
) -> NDArray[np.bool_]:
    """Which of (n, 10) probabilities are too weak for a verdict, (n,) bool.

    Parameters
    ----------
    unsure_below : the least confidence, the probability of the likeliest digit, 0 to 1.
    digit_below : the least probability of being any digit at all, 0 to 1.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    return (confidence < unsure_below) | (digit_probability(probabilities) < digit_below)


def mean_digit_score(by_ink: NDArray[np.float32], by_path: NDArray[np.float32]) -> NDArray[np.float64]:
    """For the verdict on ink and path: the mean of both scores for being a digit at all, (n,) float64 of 0 to 1.

    The path network has no output for non-digits, but was trained to give each digit a tenth for them. Its score is
    therefore not a probability: it is about 0.9 for a plain digit.
    """
    return (digit_probability(by_ink) + digit_probability(by_path)) / 2


def give_reason(probabilities: NDArray[np.float32], unsure: bool) -> str:
    """One sentence that explains the verdict."""
    second, first = (int(i) for i in np.argsort(probabilities)[-2:])
    if unsure:
        is_close = probabilities[second] >= CLOSE and probabilities[first] + probabilities[second] > BOTH
        which = "either" if is_close else "none"
    elif probabilities[second] >= CLOSE:
        which = "somewhat"
    else:
        which = "most" if probabilities[second] >= FAR else "only"
    return REASONS[which].format(first=with_article(first), second=with_article(second))
