"""Many numbers an image made two, so that alike images lie close together on a plane; and where a new one falls.

features (n, d) -> `project` -> positions (n, 2)          a new one's features -> `place` -> its position

PCA looks for the two directions along which the features differ most. t-SNE (van der Maaten and Hinton, 2008) keeps
neighbours together and says nothing about large distances.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.exploration.neighbours import Features, make_index, nearest
from digitrec.ink.preprocessing import SIDE

AMONG = 10  # neighbours between which an image without a place of its own lies
METHODS = ("PCA", "t-SNE")
KEPT = 50  # dimensions that PCA leaves to t-SNE: what is dropped is mostly noise, and neighbours are found faster
ITERATIONS = 750  # of t-SNE, as openTSNE sets it: 250 with exaggeration, then 500


@dataclass(frozen=True, eq=False)
class Projection:
    """A plane, and how things got onto it.

    Attributes
    ----------
    positions : (n, 2) float32.
    centre, axes : (d,) and (2, d) float32, PCA's; None where the way is not a formula.
    """

    positions: NDArray[np.float32]
    centre: Features | None = None
    axes: Features | None = None


def to_features(images: NDArray[np.uint8]) -> Features:
    """The pixels of (n, 28, 28) uint8 images as features: (n, 784) float32 of 0 to 1."""
    return images.reshape(len(images), SIDE * SIDE).astype(np.float32) / np.float32(255)


def project(features: Features, method: str, seed: int, progress: Callable[[float], None]) -> Projection:
    """Lay (n, d) features on a plane by one of `METHODS`; `progress` is told the share that is done, 0 to 1.

    For t-SNE n must be 4 or more. The same features, method and seed give the same plane on the same machine.
    """
    # Seconds to import, which nobody who looks at no map should wait for.
    from sklearn.decomposition import PCA  # noqa: PLC0415

    if method == "PCA":
        pca = PCA(2, random_state=seed).fit(features)
        axes, centre = pca.components_.astype(np.float32), pca.mean_.astype(np.float32)
        return Projection(_onto_axes(features, centre, axes), centre, axes)
    if np.ptp(features, axis=0).max() == 0:  # all the same: t-SNE would divide by their distances
        return Projection(np.zeros((len(features), 2), np.float32))
    if min(features.shape) > KEPT:
        features = PCA(KEPT, random_state=seed).fit_transform(features)
    return Projection(_t_sne(features, seed, progress))


def _onto_axes(features: Features, centre: Features, axes: Features) -> NDArray[np.float32]:
    return np.asarray((features - centre) @ axes.T, np.float32)


def _t_sne(features: Features, seed: int, progress: Callable[[float], None]) -> NDArray[np.float32]:
    from openTSNE import TSNE  # noqa: PLC0415  as above

    told = 0

    def tell(*_: object) -> None:
        nonlocal told
        told += 10
        progress(min(told / ITERATIONS, 1.0))

    embedding = TSNE(
        perplexity=min(30, (len(features) - 1) / 3),
        negative_gradient_method="bh",  # faster than its interpolation up to 10,000 points here
        n_jobs=2,
        random_state=seed,
        callbacks=tell,
        callbacks_every_iters=10,
    ).fit(features)
    return np.asarray(embedding, np.float32)


def place(projection: Projection, features: Features, one: Features) -> NDArray[np.float32]:
    """Where a new image with features (d,) falls among those laid out, (2,) float32.

    PCA's formula gives it; t-SNE has none, so there it is the median of the positions of its 10 nearest neighbours,
    which is also where openTSNE begins with a new point (Policar and others, 2019).
    """
    if projection.centre is not None and projection.axes is not None:
        return _onto_axes(one, projection.centre, projection.axes)
    near = nearest(make_index(features), one[None], AMONG)[0][0]
    middle: NDArray[np.float32] = np.median(projection.positions[near], axis=0).astype(np.float32)
    return middle
