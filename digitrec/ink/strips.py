"""A written number as one strip of fixed size, the input of the sequence network.

ink -> wide gaps shortened -> `Strip` (28, 256)          frame of the output -> `to_column` -> column of the ink
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitrec.errors import InkError
from digitrec.ink.preprocessing import SIDE, find_box, stretch, to_uint8

WIDTH = 256  # pixels, width of a strip
LINE = 24  # pixels, height of the number in it
MARGIN = (SIDE - LINE) // 2
GAP = 1 / 3  # of the number's height; wider gaps are shortened to this
FRAMES = 64  # outputs of the network for a strip, from left to right
LONGEST = 8  # digits that fit


@dataclass(frozen=True, eq=False)
class Strip:
    """A number as the sequence network reads it.

    Attributes
    ----------
    image : (28, 256) uint8, ink 255 on 0.
    columns : (256,) float64, the column of the ink that each column of the strip shows.
    """

    image: NDArray[np.uint8]
    columns: NDArray[np.float64]


def to_strip(ink: NDArray[np.uint8]) -> Strip:
    """Fit a number, (H, W) uint8, ink 255 on 0, into a strip: 24 pixels high, area-averaged, wide gaps shortened.

    Raises
    ------
    InkError, if there is no ink.
    """
    box = find_box(ink)
    if box is None:
        raise InkError("Expected a number with ink. Received: none. Write one first.")
    tight = ink[box.slices]
    kept = _without_wide_gaps(tight)
    width = max(1, min(WIDTH - 2 * MARGIN, round(len(kept) * LINE / len(tight))))
    # In one step, Pillow would choose by the size whether to begin across or down; greys differ by 1 or 2 then.
    across = Image.fromarray(tight[:, kept]).resize((width, len(tight)), Image.Resampling.BOX)
    small = np.asarray(across.resize((width, LINE), Image.Resampling.BOX), np.float64)
    image = np.zeros((SIDE, WIDTH), np.uint8)
    image[MARGIN : MARGIN + LINE, MARGIN : MARGIN + width] = to_uint8(stretch(small))
    shown = (np.arange(WIDTH) - MARGIN + 0.5) * len(kept) / width - 0.5
    return Strip(image, np.interp(shown, np.arange(len(kept)), box.left + kept))


def _without_wide_gaps(ink: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The columns that remain when gaps wider than `GAP` heights are shortened to it."""
    is_empty = ~ink.any(axis=0)
    place = np.arange(ink.shape[1])
    last_inked = np.maximum.accumulate(np.where(is_empty, -1, place))
    return np.flatnonzero(place - last_inked <= max(1, round(GAP * len(ink))))


def to_column(strip: Strip, frame: int) -> float:
    """The column of a strip's ink at the middle of a frame."""
    step = WIDTH // FRAMES
    return float(strip.columns[frame * step : (frame + 1) * step].mean())
