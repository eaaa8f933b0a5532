"""Numbers whose digits touch: how to ask for them, and how to know them."""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from digitrec.datasets.synthetic.composing import INKED, Number, Settings

TOUCHING = Settings(gap=(-0.04, 0.0))


def find_touching(number: Number) -> tuple[bool, ...]:
    """For each pair of neighbours, whether one connected component of ink has pixels of both."""
    components = ndimage.label(number.ink >= INKED, np.ones((3, 3)))[0]
    own = [
        set(np.unique(components[box.slices][glyph >= INKED]).tolist())
        for glyph, box in zip(number.glyphs, number.boxes, strict=True)
    ]
    return tuple(not before.isdisjoint(after) for before, after in pairwise(own))
