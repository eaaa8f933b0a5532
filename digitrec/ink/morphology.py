"""Ink made thicker and thinner, and how wide its strokes are."""

import numpy as np

from digitrec.ink.types import Images


def neighbourhood(images: Images, extreme: np.ufunc) -> Images:
    """The largest (`np.maximum`) or smallest (`np.minimum`) of each pixel and the four beside it."""
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1)])
    vertical = extreme(padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
    horizontal = extreme(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    return extreme(images, extreme(vertical, horizontal))
