"""Properties of single images: amount of ink, stroke width, slant, and distance from the class mean.

images -> a frame with a row for each
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.datasets.exploration.pixels import HALF, class_means
from digitrec.ink.morphology import stroke_widths

CHUNK = 4096  # images at once, to bound the memory


def measure_images(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> pd.DataFrame:
    """Measure each of (n, 28, 28) uint8 images, ink 255 on 0, with (n,) labels.

    Returns
    -------
    A frame of n rows: ink (mean ink of the image, 0 to 1), width (of the strokes, in pixels), slant (degrees, above 0
    leaning to the right), unusual (root mean square difference from the mean of its class, 0 to 1), and other (the
    difference from the nearest mean of another class divided by `unusual`: below 1 it looks more like that digit).
    """
    means = class_means(images, labels)
    parts = [_measure(images[i : i + CHUNK], labels[i : i + CHUNK], means) for i in range(0, len(images), CHUNK)]
    columns = ("ink", "width", "slant", "unusual", "other")
    values = np.concatenate(parts) if parts else np.empty((0, len(columns)))
    return pd.DataFrame(values, columns=list(columns))


def describe_properties(measured: "pd.Series[float]") -> str:
    """A row of `measure_images` as a sentence."""
    return (
        f"Ink covers {measured['ink']:.0%} of the picture, the strokes are {measured['width']:.1f} pixels wide, and it "
        f"leans {abs(measured['slant']):.0f}° to the {'right' if measured['slant'] > 0 else 'left'}."
    )


def _measure(images: NDArray[np.uint8], labels: NDArray[np.uint8], means: NDArray[np.float32]) -> NDArray[np.float64]:
    grey = (images / np.float32(255)).astype(np.float32)
    flat = grey.reshape(len(grey), -1)
    ink = flat.mean(axis=1)
    distance = _distances(flat, means.reshape(10, -1))
    own = distance[np.arange(len(labels)), labels]
    distance[np.arange(len(labels)), labels] = np.inf
    other = np.nanmin(distance, axis=1) / np.maximum(own, 1e-9)
    return np.stack([ink, stroke_widths(images > HALF), slants(grey), own, other], axis=1)


def _distances(flat: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float64]:
    """Root mean square difference of each row from each mean; infinite if a class has no mean."""
    square = (flat**2).sum(axis=1)[:, None] - 2 * flat @ means.T + (means**2).sum(axis=1)
    return np.nan_to_num(np.sqrt(np.clip(square, 0, None) / flat.shape[1]).astype(np.float64), nan=np.inf)


def slants(grey: NDArray[np.float32]) -> NDArray[np.float64]:
    """The slant of the ink in degrees, from its second moments: the shift in x for a step up in y, right above 0.

    (n, 28, 28) float32 of 0 to 1 -> (n,) float64, -90 to 90; 0 without ink.
    """
    index = np.arange(grey.shape[1]) - grey.shape[1] / 2
    mass = np.maximum(grey.sum(axis=(1, 2)), 1e-9)
    rows, columns = grey.sum(axis=2), grey.sum(axis=1)
    y, x = rows @ index / mass, columns @ index / mass
    yy = rows @ index**2 / mass - y**2
    xy = np.einsum("nij,i,j->n", grey, index, index) / mass - x * y
    return np.degrees(np.arctan2(-xy, np.maximum(yy, 1e-9)))
