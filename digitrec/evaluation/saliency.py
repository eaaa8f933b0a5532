"""What in the picture decided: pieces of ink taken away to see what the verdict loses.

classifier + 28 x 28 image -> occlusion map, 28 x 28 -> laid back over the drawing
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitrec.ink.preprocessing import BOX, SIDE, Preprocessed
from digitrec.ink.types import Predict

PATCH, STRIDE = 5, 2  # pixels: as wide as a stroke and a half, moved by less than a stroke
SMALLEST = 1e-6  # probabilities nearer to 0 or 1 than this count as this


def occlusion(predict: Predict, image: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
    """How much each place speaks for `digit` (Zeiler and Fergus, 2014).

    A 5 x 5 patch of empty paper is laid over the image at every second pixel. What the digit's log-odds lose by it, on
    average over the patches that cover a pixel, is that pixel's value.

    Parameters
    ----------
    predict : (n, 28, 28) uint8 -> (n, 10) probabilities.
    image : (28, 28) uint8.
    digit : 0 to 9.

    Returns
    -------
    (28, 28) float32 in log-odds: above 0 speaks for the digit, below 0 against it, 0 where there is no ink.
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
    """What each place in the last layer's view says for `digit`, more than for the ten digits on average.

    A last layer adds up features times weights, so that its answer can be taken apart by place (class activation
    mapping, Zhou and others, 2016). The sum of the map is the logarithm of the digit's probability, less the mean of
    the ten logarithms, but for the biases.

    Parameters
    ----------
    features : (d,), what the last layer sees.
    weights : (10, d), of `Classifier.last_layer`.
    digit : 0 to 9.
    shape : of what the layer before answers, (height, width, channels), or (d,) where it has no places.

    Returns
    -------
    (height, width) float32, or (1, d); above 0 speaks for the digit, below 0 against it.
    """
    parts = features * (weights[digit] - weights.mean(axis=0))
    return parts.reshape(shape).sum(axis=2) if len(shape) == 3 else parts[None]


def _patches() -> NDArray[np.bool_]:
    """(n, 28, 28), each True where one patch lies; those around the border hang over it, so every pixel is covered."""
    index = np.arange(SIDE)
    lies = np.abs(index - np.arange(0, SIDE, STRIDE)[:, None]) <= PATCH // 2
    return (lies[:, None, :, None] & lies[None, :, None, :]).reshape(-1, SIDE, SIDE)


def log_odds(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """ln(p / (1 - p)) of probabilities, 0 to 1 and of any shape, each kept a millionth away from 0 and 1."""
    kept = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(kept / (1 - kept))


def onto_canvas(values: NDArray[np.float32], preprocessed: Preprocessed) -> NDArray[np.float32]:
    """Lay a (28, 28) map back over the drawing that the image was made of: (H, W) float32, 0 outside the ink's box."""
    over = np.zeros(preprocessed.ink.shape, np.float32)
    if preprocessed.box is None or preprocessed.shift is None:
        return over
    (down, right), (top, bottom, left, _) = preprocessed.shift, preprocessed.box
    small = values[down : down + BOX, right : right + BOX]
    height, width = bottom - top, preprocessed.box[3] - left
    side = max(height, width)
    square = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BILINEAR))
    above, beside = (side - height) // 2, (side - width) // 2
    over[top : top + height, left : left + width] = square[above : above + height, beside : beside + width]
    return over
