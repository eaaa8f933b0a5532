"""Thousands of images of a dataset on a plane, computed once and kept.

images -> some of them, at random -> features -> `project` -> positions, kept in the data folder's maps/
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Progress, data_folder
from digitrec.datasets.exploration.neighbours import Features
from digitrec.datasets.exploration.projection import Projection, project
from digitrec.errors import DataError
from digitrec.storage import keep_arrays, kept_arrays

FEWEST = 20  # images that a map makes sense of
SEED = 0
CHUNK = 500  # images whose features are computed at once, to tell how far it is
SEEING = 0.2  # of the progress: finding the features takes about a fifth of the time, laying them out the rest


@dataclass(frozen=True, eq=False)
class DigitMap:
    """Images on a plane.

    Attributes
    ----------
    places : (n,) which images they are, ascending.
    features : (n, d) float32, by which they were laid out.
    projection : where each of them is.
    """

    places: NDArray[np.intp]
    features: Features
    projection: Projection


def make_map(
    images: NDArray[np.uint8],
    see: Callable[[NDArray[np.uint8]], Features],
    method: str,
    count: int,
    progress: Progress,
) -> DigitMap:
    """Lay `count` of (n, 28, 28) uint8 images, drawn at random, on a plane.

    Parameters
    ----------
    see : gives the features of images: their pixels, or what a network sees of them.
    method : one of `digitrec.datasets.exploration.projection.METHODS`.
    progress : is told the share that is done, 0 to 1.

    Raises
    ------
    DataError, where there are too few images for a map.
    """
    if len(images) < FEWEST:
        raise DataError(
            f"Expected at least {FEWEST} images for a map. Received: {len(images)}. Choose a larger part of the data."
        )
    places = np.sort(np.random.default_rng(SEED).permutation(len(images))[:count])
    chunks = [places[start : start + CHUNK] for start in range(0, len(places), CHUNK)]
    parts = []
    for done, chunk in enumerate(chunks, 1):
        parts.append(see(images[chunk]))
        progress(SEEING * done / len(chunks))
    features = np.concatenate(parts)
    return DigitMap(places, features, _lay_out(features, method, progress))


def _lay_out(features: Features, method: str, progress: Progress) -> Projection:
    """As `project`; t-SNE's positions are kept under a name that only the same features and settings have."""
    if method == "PCA":  # takes no longer than reading a file
        return project(features, method, SEED, progress)
    settings = f"{method} {SEED} {version('openTSNE')} {features.shape}".encode()
    path = data_folder() / "maps" / f"{hashlib.sha256(settings + features.tobytes()).hexdigest()}.npz"
    if kept := kept_arrays(path):
        return Projection(kept["positions"].astype(np.float32))
    projection = project(features, method, SEED, lambda share: progress(SEEING + (1 - SEEING) * share))
    keep_arrays(path, positions=projection.positions)
    return projection
