"""Selecting images of one part of a dataset, and sorting them.

labels, writers, properties -> `select` -> indices
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitrec.datasets import Split

# Name -> column of `measure_images`, and whether the largest values come first.
BY_PROPERTY: dict[str, tuple[str, bool]] = {
    "most ink": ("ink", True),
    "least ink": ("ink", False),
    "thickest strokes": ("width", True),
    "thinnest strokes": ("width", False),
    "leaning most to the right": ("slant", True),
    "leaning most to the left": ("slant", False),
    "least like its own digit": ("unusual", True),
    "most like its own digit": ("unusual", False),
    "most like another digit": ("other", False),
}
ORDERS = ("random", "as they come", *BY_PROPERTY)


def select(
    split: Split,
    properties: pd.DataFrame | None = None,
    *,
    digits: Sequence[int] = (),
    writer: int | None = None,
    order: str = "as they come",
    seed: int = 0,
) -> NDArray[np.intp]:
    """Indices of the images of these digits (all if empty) by this writer (all if None), sorted by `order`.

    Parameters
    ----------
    properties : the frame of `measure_images` for the split; needed for the orders of `BY_PROPERTY`.
    order : one of `ORDERS`; `seed` applies to "random".
    """
    chosen = np.isin(split.labels, list(digits)) if digits else np.ones(len(split), bool)
    if writer is not None and split.writers is not None:
        chosen &= split.writers == writer
    places = np.flatnonzero(chosen)
    if order == "random":
        return np.random.default_rng(seed).permutation(places)
    if order not in BY_PROPERTY or properties is None:
        return places
    column, largest_first = BY_PROPERTY[order]
    values = properties[column].to_numpy()[places]
    return places[np.argsort(-values if largest_first else values, kind="stable")]


def draw_places(n: int, count: int, seed: int = 0) -> NDArray[np.intp]:
    """At most `count` indices of n items, without repetition, in random order: intp."""
    return np.random.default_rng(seed).permutation(n)[:count]
