"""Saliency: which parts of an image the answer depends on, by occlusion and by class activation maps.

classifier + 28 x 28 image -> occlusion map, 28 x 28 -> projected back onto the drawing
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitrec.ink.preprocessing import BOX, SIDE, Preprocessed
from digitrec.ink.types import Predict

PATCH, STRIDE = 5, 2  # pixels: as wide as a stroke and a half, moved by less than a stroke
SMALLEST = 1e-6  # log odds are of probabilities clipped this far from 0 and 1


def occlusion(predict: Predict, image: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
    """The occlusion map: how much each pixel supports `digit` (Zeiler and Fergus, 2014).

    A 5 x 5 patch of blank paper covers the image at every second pixel. The value of a pixel is the drop in the
    digit's log-odds, averaged over the patches that cover the pixel.

    Parameters
    ----------
    predict : (n, 28, 28) uint8 -> (n, 10) probabilities.
    image : (28, 28) uint8.
    digit : 0 to 9.

    Returns
    -------
    (28, 28) float32 in log-odds: above 0 supports the digit, below 0 opposes it; 0 where there is no ink.
    """
    masks = _patches()
    masks = masks[(masks & (image > 0)).any(axis=(1, 2))]
    covered = np.where(masks, 0, image).astype(np.uint8)
    odds = log_odds(predict(np.concatenate([image[None], covered]))[:, digit])
    loss = odds[0] - odds[1:]
    count = masks.sum(axis=0)
    total = np.tensordot(loss, masks.astype(np.float32), axes=1)
    return np.where((count > 0) & (image > 0), total / np.maximum(count, 1), 0).astype(np.float32)


def evidence(
    features: NDArray[np.float32], weights: NDArray[np.float32], digit: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The class activation map of `digit`, relative to the mean of the ten digits (Zhou and others, 2016).

    The last layer sums features times weights, so its score can be split up by position. Apart from the biases, the
    map adds up to the log-probability of the digit minus the mean log-probability of all ten.

    Parameters
    ----------
    features : (d,), the input of the last layer.
    weights : (10, d), of `Classifier.last_layer`.
    digit : 0 to 9.
    shape : output shape of the layer before, (height, width, channels), or (d,) where it has no positions.

    Returns
    -------
    (height, width) float32, or (1, d); above 0 supports the digit, below 0 opposes it.
    """
    parts = features * (weights[digit] - weights.mean(axis=0))
    return parts.reshape(shape).sum(axis=2) if len(shape) == 3 else parts[None]


def _patches() -> NDArray[np.bool_]:
    """(n, 28, 28), each True where one patch lies; patches hang over the border, so that every pixel is covered."""
    index = np.arange(SIDE)
    lies = np.abs(index - np.arange(0, SIDE, STRIDE)[:, None]) <= PATCH // 2
    return (lies[:, None, :, None] & lies[None, :, None, :]).reshape(-1, SIDE, SIDE)


def onto_canvas(values: NDArray[np.float32], preprocessed: Preprocessed) -> NDArray[np.float32]:
    """Project a (28, 28) saliency map back onto its drawing: (H, W) float32, 0 outside the ink's box."""
    over = np.zeros(preprocessed.ink.shape, np.float32)
    if preprocessed.box is None or preprocessed.shift is None:
        return over
    (down, right), box = preprocessed.shift, preprocessed.box
    small = values[down : down + BOX, right : right + BOX]
    side = max(box.height, box.width)
    square = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BILINEAR))
    above, beside = (side - box.height) // 2, (side - box.width) // 2
    over[box.slices] = square[above : above + box.height, beside : beside + box.width]
    return over


def log_odds(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """ln(p / (1 - p)) of probabilities of any shape, clipped to a millionth away from 0 and 1."""
    kept = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(kept / (1 - kept))
