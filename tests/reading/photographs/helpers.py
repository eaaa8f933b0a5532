"""Pages drawn for the tests: rings and lines in place of digits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Picture = NDArray[np.uint8]
PAPER, PEN = 235, 40


def drawn(size: tuple[int, int] = (400, 300)) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", size, PAPER)
    return image, ImageDraw.Draw(image)


def rings(boxes: Sequence[tuple[int, int, int, int]], size: tuple[int, int] = (400, 300)) -> Picture:
    image, pen = drawn(size)
    for left, top, right, bottom in boxes:
        pen.ellipse((left, top, right - 1, bottom - 1), outline=PEN, width=6)
    return np.asarray(image)
