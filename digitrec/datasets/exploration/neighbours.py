"""Nearest neighbours: the images most similar to one, by a network's features or by pixels.

features (m, d) -> `make_index` -> `nearest`

Features are the input of the last layer (`Classifier.features`). Distances are Euclidean and exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
CHUNK = 64  # queries at once, to bound the memory


@dataclass(frozen=True, eq=False)
class Index:
    """Features to search.

    Attributes
    ----------
    features : (m, d) float32.
    squared : (m,) float32, the squared norm of each.
    """

    features: Features
    squared: NDArray[np.float32]


def make_index(features: Features) -> Index:
    """Prepare (m, d) float32 features for searches, without copying them."""
    return Index(features, np.einsum("md,md->m", features, features))


def nearest(index: Index, of: Features, count: int = 12) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Find the `count` nearest neighbours, or all if there are fewer, of each of (k, d) float32 features.

    Returns
    -------
    Indices and distances, (k, count) intp and float32, nearest first; ties in the order of the index. A query that is
    in the index finds itself first.
    """
    count = min(count, len(index.features))
    places, distances = np.empty((len(of), count), np.intp), np.empty((len(of), count), np.float32)
    if not count:
        return places, distances
    for start in range(0, len(of), CHUNK):
        chunk = of[start : start + CHUNK]
        rough = index.squared - 2 * (chunk @ index.features.T)
        for row, (one, scores) in enumerate(zip(chunk, rough, strict=True), start):
            near = _candidates(index, one, scores, count)
            exact = np.linalg.norm(index.features[near].astype(np.float64) - one, axis=1)
            best = np.argsort(exact, kind="stable")[:count]
            places[row], distances[row] = near[best], exact[best]
    return places, distances


def _candidates(index: Index, one: Features, scores: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The indices, ascending, of all that may be among the `count` nearest, given the rounding errors of scores."""
    # d + 2 float32 operations make each score; two scores may be off in opposite ways (Higham, 2002, section 3.1).
    scale = (np.sqrt(index.squared.max()) + np.linalg.norm(one)) ** 2
    error = (len(one) + 2) * np.finfo(np.float32).eps * scale
    return np.flatnonzero(scores <= np.partition(scores, count - 1)[count - 1] + 2 * error)


def nearest_by_pixels(
    images: NDArray[np.uint8], image: NDArray[np.uint8], count: int, chunk: int = 8192
) -> NDArray[np.intp]:
    """Indices of the `count` of (n, 28, 28) uint8 images nearest to a (28, 28) image by pixels, nearest first.

    Identical images are included, also the image itself.
    """
    target = image.ravel().astype(np.float32)
    distances = np.empty(len(images), np.float32)
    for start in range(0, len(images), chunk):
        flat = images[start : start + chunk].reshape(-1, target.size).astype(np.float32)
        distances[start : start + chunk] = np.einsum("nd,nd->n", flat, flat) - 2 * (flat @ target)
    best = np.argpartition(distances, min(count, len(images) - 1))[:count]
    return best[np.argsort(distances[best], kind="stable")]
