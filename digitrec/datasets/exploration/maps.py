"""A map of a dataset: thousands of its images placed on a plane, similar ones close together.

images -> a random sample -> features -> `project` -> positions, cached
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Progress
from digitrec.datasets.exploration.neighbours import Features
from digitrec.datasets.exploration.projection import Projection, project
from digitrec.errors import DataError
from digitrec.storage import cached_arrays

FEWEST = 20  # images; a map of fewer shows nothing
SEED = 0
CHUNK = 500  # images whose features are computed between two reports of progress
FEATURES_FRACTION = 0.2  # of the time, roughly, for computing the features; the rest is for the projection


@dataclass(frozen=True, eq=False)
class DigitMap:
    """Images on a plane.

    Attributes
    ----------
    places : (n,) intp, the indices of the images in the dataset, ascending.
    features : (n, d) float32, from which the map was computed.
    projection : the position of each image.
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
    """Make a map of `count` of (n, 28, 28) uint8 images, drawn at random, or of all if there are fewer.

    Parameters
    ----------
    see : computes the features of images, (n, d) float32: their pixels, or the activations of a network's layer.
    method : one of `digitrec.datasets.exploration.projection.METHODS`.
    progress : called with the fraction of the work that is done, 0 to 1.

    Raises
    ------
    DataError, if there are fewer than 20 images.
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
        progress(FEATURES_FRACTION * done / len(chunks))
    features = np.concatenate(parts)
    return DigitMap(places, features, _lay_out(features, method, progress))


def _lay_out(features: Features, method: str, progress: Progress) -> Projection:
    """As `project`; t-SNE's positions are cached under a hash of the features and the settings."""
    if method == "PCA":  # is as fast as reading a file
        return project(features, method, SEED, progress)
    settings = f"{method} {SEED} {version('openTSNE')} {features.shape}".encode()
    name = f"{hashlib.sha256(settings + features.tobytes()).hexdigest()}.npz"

    def report(done: float) -> None:
        progress(FEATURES_FRACTION + (1 - FEATURES_FRACTION) * done)

    def compute() -> dict[str, NDArray[np.float32]]:
        return {"positions": project(features, method, SEED, report).positions}

    return Projection(cached_arrays("maps", name, compute)["positions"].astype(np.float32))
