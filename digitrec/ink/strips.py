"""A written number as one strip, which a network reads from end to end, and what it answers column by column.

ink -> wide gaps shortened -> `Strip` (28, 256)          answers (64, 11) -> `decode` -> text, and where each digit is
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitrec.errors import InkError
from digitrec.ink.preprocessing import SIDE, find_box, stretch, to_uint8

WIDTH = 256  # pixels of a strip
LINE = 24  # pixels of its height that the number fills
MARGIN = (SIDE - LINE) // 2
GAP = 1 / 3  # of the number's height; a wider gap between digits says nothing more
FRAMES = 64  # answers for a strip, from its left end to its right
LONGEST = 8  # digits that there is room for


@dataclass(frozen=True, eq=False)
class Strip:
    """A number as the network reads it.

    Attributes
    ----------
    image : (28, 256) uint8, ink 255 on 0.
    columns : (256,) float64, which column of the ink each column of the strip shows.
    """

    image: NDArray[np.uint8]
    columns: NDArray[np.float64]


def to_strip(ink: NDArray[np.uint8]) -> Strip:
    """Put a number's ink, (H, W) uint8, 255 on 0, on a strip: 24 pixels high, averaged over areas, wide gaps shortened.

    Raises
    ------
    InkError, where there is no ink.
    """
    box = find_box(ink)
    if box is None:
        raise InkError("Expected a number with ink. Received: none. Write one first.")
    tight = ink[box.slices]
    kept = _without_wide_gaps(tight)
    width = max(1, min(WIDTH - 2 * MARGIN, round(len(kept) * LINE / len(tight))))
    small = np.asarray(Image.fromarray(tight[:, kept]).resize((width, LINE), Image.Resampling.BOX), np.float64)
    image = np.zeros((SIDE, WIDTH), np.uint8)
    image[MARGIN : MARGIN + LINE, MARGIN : MARGIN + width] = to_uint8(stretch(small))
    shown = (np.arange(WIDTH) - MARGIN + 0.5) * len(kept) / width - 0.5
    return Strip(image, np.interp(shown, np.arange(len(kept)), box.left + kept))


def _without_wide_gaps(ink: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Which columns are left when no gap is wider than `GAP` heights."""
    is_empty = ~ink.any(axis=0)
    place = np.arange(ink.shape[1])
    last_inked = np.maximum.accumulate(np.where(is_empty, -1, place))
    return np.flatnonzero(place - last_inked <= max(1, round(GAP * len(ink))))


def to_column(strip: Strip, frame: int) -> float:
    """The column of the ink in the middle of a frame."""
    step = WIDTH // FRAMES
    return float(strip.columns[frame * step : (frame + 1) * step].mean())
