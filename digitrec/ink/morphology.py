"""Thicken and thin ink, and measure how wide its strokes are."""

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.types import Images


def neighbourhood(images: Images, extreme: np.ufunc) -> Images:
    """The maximum (`np.maximum`) or minimum (`np.minimum`) of each pixel and its four neighbours."""
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1)])
    vertical = extreme(padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
    horizontal = extreme(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    return extreme(images, extreme(vertical, horizontal))


def stroke_widths(ink: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Stroke widths by morphology, in pixels: twice the area of the ink divided by the length of its outline.

    (n, h, w) bool, True where there is ink -> (n,) float64, 0 without ink.
    """
    padded = np.pad(ink, [(0, 0), (1, 1), (1, 1)])
    area = padded.sum(axis=(1, 2))
    down = (padded[:, 1:] != padded[:, :-1]).sum(axis=(1, 2))
    across = (padded[:, :, 1:] != padded[:, :, :-1]).sum(axis=(1, 2))
    # Counting the edges of pixels makes an outline 4 / pi times too long, averaged over all directions.
    return 2 * area / np.maximum((down + across) * (np.pi / 4), 1e-9) * (area > 0)
