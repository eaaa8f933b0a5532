"""What each feature map of a network looks for: the simple shapes and the digits that excite it more than others.

images -> `Classifier.activations` -> mean of each map -> compared with the other maps of its layer -> the best image
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import SIDE
from digitrec.networks.classifier import Classifier

HALF_WIDTH = 1.6  # pixels, of the lines among the shapes
SOFT = 0.05  # of a layer's mean: a difference smaller than that is none


@dataclass(frozen=True)
class Preference:
    """What excites one map most: a shape, in words, and the two digits, the likelier first."""

    shape: str
    digits: tuple[int, int]


def _shapes() -> dict[str, NDArray[np.uint8]]:
    """Lines through the middle of the image, and edges with ink on one side, (28, 28) uint8 each, by name."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    diagonal, other = (x + y) / np.sqrt(2), (x - y) / np.sqrt(2)
    lines = {"level lines": y, "upright lines": x, "lines that rise to the right": diagonal, "lines that fall": other}
    edges = {"upper edges": y, "lower edges": -y, "left edges": x, "right edges": -x}
    edges |= {"upper left edges": diagonal, "lower right edges": -diagonal}
    edges |= {"lower left edges": other, "upper right edges": -other}
    drawn = {name: distance > 0 for name, distance in edges.items()}
    drawn |= {name: np.abs(distance) < HALF_WIDTH for name, distance in lines.items()}
    drawn["dots"] = np.hypot(x, y) < 2 * HALF_WIDTH
    return {name: np.uint8(255) * ink.astype(np.uint8) for name, ink in drawn.items()}


SHAPES = _shapes()


def find_preferences(
    classifier: Classifier, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> dict[str, tuple[Preference, ...]]:
    """For each layer of feature maps, by name, what each of its maps looks for.

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,) uint8, some of every digit.
    """
    by_shape = _mean_maps(classifier, np.stack(list(SHAPES.values())))
    by_image = _mean_maps(classifier, images)
    found = {}
    for layer, values in by_image.items():
        by_digit = np.stack([values[labels == digit].mean(axis=0) for digit in range(10)])
        digits, shapes = _compare(by_digit).argsort(axis=0)[::-1], _compare(by_shape[layer]).argmax(axis=0)
        names = list(SHAPES)
        found[layer] = tuple(
            Preference(names[shape], (int(first), int(second)))
            for shape, first, second in zip(shapes, *digits[:2], strict=True)
        )
    return found


def _mean_maps(classifier: Classifier, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
    """By layer, the mean of each map for each image: (n, maps) float32."""
    layers: dict[str, list[NDArray[np.float32]]] = {}
    for image in images:
        for activation in classifier.activations(image):
            if activation.values.ndim == 3:
                layers.setdefault(activation.layer, []).append(activation.values.mean(axis=(0, 1)))
    return {layer: np.stack(means) for layer, means in layers.items()}


def _compare(means: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, maps) -> how much more each image excites a map than it excites the others, and than others excite it."""
    means = means + SOFT * means.mean() + np.float32(1e-9)
    share = means / means.mean(axis=1, keepdims=True)
    compared: NDArray[np.float32] = share / share.mean(axis=0, keepdims=True)
    return compared
