"""The preprocessing steps, each with its picture, its reason, and the verdict without it.

canvas -> preprocess -> steps          canvas -> preprocess(skip=step) -> classifier -> verdict without the step
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import Step, preprocess
from digitrec.networks.classifier import Classifier

EXPLANATIONS: dict[Step, tuple[str, str]] = {
    "crop": (
        "Cut out the ink",
        "Only the box around the ink counts, so size and position on the canvas do not matter.",
    ),
    "square": (
        "Pad to a square",
        "Empty paper is added on the short sides, so a narrow 1 stays narrow.",
    ),
    "average": (
        "Shrink to 20 × 20",
        "Each new pixel is the average of the area it covers, so thin lines turn grey and none is lost.",
    ),
    "stretch": (
        "Stretch the greys",
        "The darkest pixel becomes full ink, so a thin pen reads like a thick one.",
    ),
    "centre": (
        "Centre by weight",
        "The middle of the ink goes to the middle of 28 × 28, as in every training image.",
    ),
}


@dataclass(frozen=True, eq=False)
class XrayStep:
    """One preprocessing step.

    Attributes
    ----------
    title, sentence : what it does, and why.
    picture : uint8, ink 255 on 0, after the step.
    digit_without, confidence_without, unsure_without : the verdict if the step is left out.
    """

    title: str
    sentence: str
    picture: NDArray[np.uint8]
    digit_without: int
    confidence_without: float
    unsure_without: bool


def read_by_steps(classifier: Classifier, ink: NDArray[np.uint8]) -> tuple[XrayStep, ...]:
    """The steps from (H, W) uint8 ink to a reading, each with its picture and the answer without it; () without ink."""
    whole = preprocess(ink)
    after = (whole.cropped, whole.square, whole.small, whole.stretched, whole.image)
    without = [preprocess(ink, skip=step).image for step in EXPLANATIONS]
    return tuple(
        XrayStep(title, sentence, picture, *_verdict(classifier, image))
        for (title, sentence), picture, image in zip(EXPLANATIONS.values(), after, without, strict=True)
        if picture is not None and image is not None
    )


def _verdict(classifier: Classifier, image: NDArray[np.uint8]) -> tuple[int, float, bool]:
    probabilities = classifier.predict_proba(image[None])[0]
    return int(probabilities.argmax()), float(probabilities.max()), classifier.is_unsure(probabilities)
