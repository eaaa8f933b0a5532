"""From probabilities to a verdict: which digit, whether it is sure, and why."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import Preprocessed
from digitrec.words import with_article

CLOSE = 0.2  # a runner-up of at least this probability is worth naming
FAR = 0.02  # a runner-up of less is none
LEAST = 1e-7  # of a probability that is multiplied
FULL = 0.75  # of the canvas under ink leaves no shape to read
FULL_REASON = "Ink covers nearly the whole canvas, so no shape is left to read."


@dataclass(frozen=True, eq=False)
class Reading:
    """What a drawing was read as.

    Attributes
    ----------
    digit : the likeliest digit; None where there is no ink.
    probabilities : (10,) float32, sums to 1.
    unsure : True where the answer should be "not sure".
    reason : one sentence that says why.
    preprocessed : the drawing's way to the network.
    by_ink, by_path : (10,) float32, what the picture and the pen's path say, each alone; None where it was not read.
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
        """The second likeliest digit, where it is close."""
        second = int(np.argsort(self.probabilities)[-2])
        return second if self.digit is not None and self.probabilities[second] >= CLOSE else None


def combine(
    by_ink: NDArray[np.float32], by_path: NDArray[np.float32], powers: tuple[float, float]
) -> NDArray[np.float32]:
    """What ink and path say together: (..., 10) probabilities of each, raised to their powers and multiplied."""
    logs = powers[0] * np.log(np.maximum(by_ink, LEAST)) + powers[1] * np.log(np.maximum(by_path, LEAST))
    shares = np.exp(logs - logs.max(axis=-1, keepdims=True))
    together: NDArray[np.float32] = (shares / shares.sum(axis=-1, keepdims=True)).astype(np.float32)
    return together


def share_of_digits(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """How likely it is any digit at all, (n,) float64, of (n, 10) probabilities.

    A network that knows what is none shares that out, a tenth to each digit (`architectures.Sharing`), so the least
    likely digit shows how much it was.
    """
    return np.clip(1 - 10 * probabilities.min(axis=1).astype(np.float64), 0, 1)


def share_found_by_both(by_ink: NDArray[np.float32], by_path: NDArray[np.float32]) -> NDArray[np.float64]:
    """How strongly ink and path find it any digit, (n,) float64 of 0 to 1: the mean, since their mistakes differ.

    Of the path, whose network has no answer for what is none but was taught a tenth for each digit, the share is a
    score, not a probability: of a plain digit it is some 0.9.
    """
    return (share_of_digits(by_ink) + share_of_digits(by_path)) / 2


def give_reason(probabilities: NDArray[np.float32], unsure: bool) -> str:
    """One sentence on why ten probabilities make a verdict or do not."""
    second, first = (int(i) for i in np.argsort(probabilities)[-2:])
    if unsure and probabilities[second] >= CLOSE and probabilities[first] + probabilities[second] > 0.8:
        return f"It could be {with_article(first)} or {with_article(second)}."
    if unsure:
        return "It does not look enough like any one digit."
    if probabilities[second] >= CLOSE:
        return f"It looks most like {with_article(first)}, and somewhat like {with_article(second)}."
    if probabilities[second] >= FAR:
        return f"It looks most like {with_article(first)}."
    return f"It looks like {with_article(first)} and like no other digit."
