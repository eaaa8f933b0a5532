"""Arrays as pictures: enlarged, coloured, tiled. Every function returns (h, w, 3) or (h, w) uint8."""

import numpy as np
from numpy.typing import NDArray

# Orange is evidence for, blue against: distinguishable with colour blindness, too (Okabe and Ito, 2008).
FOR, AGAINST, PAPER = np.array([230, 110, 0]), np.array([0, 114, 200]), np.array([255, 255, 255])
EDGE = 200
FAINT = np.array([205, 209, 216])  # ink of weight 0


def as_paper(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink 255 on 0, of any shape, as dark ink on white paper."""
    return 255 - ink


def enlarge(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Each pixel of (h, w) or (h, w, 3) as a square of `factor` x `factor`."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def colour_by_weight(ink: NDArray[np.uint8], weight: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Ink in colours: orange where `weight` is above 0, blue below, the stronger the larger.

    (h, w) ink, 255 on 0, and (h, w) weights of any range -> (h, w, 3).
    """
    strongest = float(np.abs(weight).max()) or 1.0
    strength = np.sqrt(np.abs(weight) / strongest)[..., None]
    colour = FAINT + strength * (np.where(weight[..., None] > 0, FOR, AGAINST) - FAINT)
    opacity = ink[..., None] / 255
    return np.rint(PAPER + opacity * (colour - PAPER)).astype(np.uint8)


def colour_signed(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(h, w) values of -1 to 1 in colours: orange above 0, blue below, white at 0; (h, w, 3)."""
    strength = np.clip(np.abs(values), 0, 1)[..., None]
    colour = np.where(values[..., None] > 0, FOR, AGAINST)
    return np.rint(PAPER + strength * (colour - PAPER)).astype(np.uint8)


def as_grey(ink: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Amounts of ink, 0 to 1, as greys: no ink white, full ink black."""
    return np.rint(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8)


def shade(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """(h, w) values as greys: the smallest white, the largest black; all white where they are equal."""
    low, high = float(values.min()), float(values.max())
    return np.rint(255 * (1 - (values - low) / ((high - low) or 1.0))).astype(np.uint8)


def frame(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey (h, w) or RGB (h, w, 3) picture with a thin grey edge, so that it stands out on a white page."""
    framed = picture.copy()
    for edge in (framed[0], framed[-1], framed[:, 0], framed[:, -1]):
        edge[...] = EDGE
    return framed


def lay_out(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """(n, h, w) images side by side, `columns` in a row, black where the last row has none; at least one row."""
    rows = max(1, -(-len(images) // columns))
    height, width = images.shape[1:]
    sheet = np.zeros((rows * columns, height, width), np.uint8)
    sheet[: len(images)] = images
    return sheet.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
