"""Projection: features reduced to two dimensions, so that similar images lie close together; and placing new images.

features (n, d) -> `project` -> positions (n, 2)          features of a new image -> `place_image` -> its position

PCA finds the two directions of largest variance. t-SNE (van der Maaten and Hinton, 2008) keeps neighbours together, but
large distances mean nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.exploration.neighbours import Features, make_index, nearest
from digitrec.ink.preprocessing import SIDE

NEIGHBOURS = 10  # that determine the position of a new image
METHODS = ("PCA", "t-SNE")
KEPT = 50  # dimensions that PCA keeps for t-SNE: the rest is mostly noise, and finding neighbours is faster
FEW = 1000  # points, for which threads cost more than they save: on a busy machine, 30 took two of them 52 s, one 0.5 s
ITERATIONS = 750  # of t-SNE, openTSNE's default: 250 with exaggeration, then 500


@dataclass(frozen=True, eq=False)
class Projection:
    """Positions in two dimensions, and how they were computed.

    Attributes
    ----------
    positions : (n, 2) float32.
    centre, axes : (d,) and (2, d) float32, mean and components of PCA; None for t-SNE.
    """

    positions: NDArray[np.float32]
    centre: Features | None = None
    axes: Features | None = None


def to_features(images: NDArray[np.uint8]) -> Features:
    """For a projection: the pixels of (n, 28, 28) uint8 images as features, (n, 784) float32 of 0 to 1."""
    return images.reshape(len(images), SIDE * SIDE).astype(np.float32) / np.float32(255)


def project(features: Features, method: str, seed: int, progress: Callable[[float], None]) -> Projection:
    """Project (n, d) features by one of `METHODS`; `progress` is called with the fraction that is done, 0 to 1.

    t-SNE needs n of at least 4. The same features, method and seed give the same result on the same machine.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415  takes seconds to import, and only the map needs it

    if method == "PCA":
        pca = PCA(2, random_state=seed).fit(features)
        axes, centre = pca.components_.astype(np.float32), pca.mean_.astype(np.float32)
        return Projection(_onto_axes(features, centre, axes), centre, axes)
    if np.ptp(features, axis=0).max() == 0:  # all equal: t-SNE would divide by zero distances
        return Projection(np.zeros((len(features), 2), np.float32))
    if min(features.shape) > KEPT:
        features = PCA(KEPT, random_state=seed).fit_transform(features)
    return Projection(_t_sne(features, seed, progress))


def _onto_axes(features: Features, centre: Features, axes: Features) -> NDArray[np.float32]:
    return np.asarray((features - centre) @ axes.T, np.float32)


def _t_sne(features: Features, seed: int, progress: Callable[[float], None]) -> NDArray[np.float32]:
    from openTSNE import TSNE  # noqa: PLC0415  as above

    done = 0

    def report(*_: object) -> None:
        nonlocal done
        done += 10
        progress(min(done / ITERATIONS, 1.0))

    embedding = TSNE(
        perplexity=min(30, (len(features) - 1) / 3),
        negative_gradient_method="bh",  # faster than its interpolation up to 10,000 points here
        n_jobs=1 if len(features) < FEW else 2,
        random_state=seed,
        callbacks=report,
        callbacks_every_iters=10,
    ).fit(features)
    return np.asarray(embedding, np.float32)


def place_image(projection: Projection, features: Features, one: Features) -> NDArray[np.float32]:
    """Place a new image with features (d,) in a projection of (n, d) features: its position, (2,) float32.

    PCA projects it. t-SNE has no formula for new points: there it is the median of the positions of the 10 nearest
    neighbours, which is also where openTSNE starts with a new point (Policar and others, 2019).
    """
    if projection.centre is not None and projection.axes is not None:
        return _onto_axes(one, projection.centre, projection.axes)
    near = nearest(make_index(features), one[None], NEIGHBOURS)[0][0]
    middle: NDArray[np.float32] = np.median(projection.positions[near], axis=0).astype(np.float32)
    return middle
