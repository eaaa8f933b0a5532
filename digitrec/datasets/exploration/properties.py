"""What can be measured of a digit's picture: ink, stroke width, slant, and how unusual it is for its class.

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
    A frame of n rows: ink (share of the picture, 0 to 1), width (of the stroke, in pixels), slant (degrees, leaning to
    the right above 0), unusual (root mean square difference from the average of its class, 0 to 1), and other (the same
    from the nearest average of another class, divided by `unusual`: below 1 it looks more like another digit).
    """
    means = class_means(images, labels)
    parts = [_measure(images[i : i + CHUNK], labels[i : i + CHUNK], means) for i in range(0, len(images), CHUNK)]
    columns = ("ink", "width", "slant", "unusual", "other")
    values = np.concatenate(parts) if parts else np.empty((0, len(columns)))
    return pd.DataFrame(values, columns=list(columns))


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
    """Root mean square difference of each row from each mean; infinite where there is none."""
    square = (flat**2).sum(axis=1)[:, None] - 2 * flat @ means.T + (means**2).sum(axis=1)
    return np.nan_to_num(np.sqrt(np.clip(square, 0, None) / flat.shape[1]).astype(np.float64), nan=np.inf)


def slants(grey: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far the ink leans to the right, in degrees, from its second moments: how far x moves for a step up in y.

    (n, 28, 28) float32 of 0 to 1 -> (n,) float64, -90 to 90; 0 without ink.
    """
    index = np.arange(grey.shape[1]) - grey.shape[1] / 2
    mass = np.maximum(grey.sum(axis=(1, 2)), 1e-9)
    rows, columns = grey.sum(axis=2), grey.sum(axis=1)
    y, x = rows @ index / mass, columns @ index / mass
    yy = rows @ index**2 / mass - y**2
    xy = np.einsum("nij,i,j->n", grey, index, index) / mass - x * y
    return np.degrees(np.arctan2(-xy, np.maximum(yy, 1e-9)))
