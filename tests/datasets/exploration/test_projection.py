import os
import re
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from digitrec.datasets.exploration.projection import (
    KEPT,
    METHODS,
    NEIGHBOURS,
    Projection,
    place_image,
    project,
    to_features,
)

Features = NDArray[np.float32]
BLOB = np.repeat([0, 1, 2], 40)


def normal(n: int, d: int, seed: int = 0) -> Features:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def blobs(d: int = 8) -> Features:
    return (normal(len(BLOB), d) + 30 * np.eye(d)[BLOB]).astype(np.float32)


def lay_out(features: Features, method: str, seed: int = 0) -> tuple[Projection, list[float]]:
    told: list[float] = []
    return project(features, method, seed, told.append), told


@pytest.fixture(scope="module")
def laid_out() -> tuple[Projection, list[float]]:
    return lay_out(blobs(), "t-SNE")


def test_features_are_the_pixels_of_0_to_1() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    features = to_features(images)
    assert (features.shape, features.dtype) == ((5, 784), np.float32)
    np.testing.assert_allclose(
        features, [[pixel / 255 for row in image for pixel in row] for image in images], rtol=1e-6
    )


def test_no_images_have_no_features() -> None:
    assert to_features(np.empty((0, 28, 28), np.uint8)).shape == (0, 784)


@pytest.mark.parametrize(("n", "d"), [(200, 20), (15, 60)])
def test_pca_is_an_svds(n: int, d: int) -> None:
    features = normal(n, d) * np.linspace(3, 0.5, d, dtype=np.float32)
    projection, _ = lay_out(features, "PCA")
    assert (projection.positions.shape, projection.positions.dtype) == ((n, 2), np.float32)
    centred = features - features.astype(float).mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    expected = (u * s)[:, :2]
    signs = np.sign((expected * projection.positions).sum(axis=0))
    np.testing.assert_allclose(projection.positions, expected * signs, atol=1e-3)


def test_an_image_of_the_pca_falls_on_itself_and_a_middle_one_between() -> None:
    features = normal(50, 12)
    projection, _ = lay_out(features, "PCA")
    for one, position in zip(features, projection.positions, strict=True):
        np.testing.assert_allclose(place_image(projection, features, one), position, atol=1e-5)
    middle = place_image(projection, features, (features[3] + features[7]) / 2)
    assert (middle.shape, middle.dtype) == ((2,), np.float32)
    np.testing.assert_allclose(middle, projection.positions[[3, 7]].mean(axis=0), atol=1e-5)


def test_t_sne_keeps_neighbours_in_their_blob(laid_out: tuple[Projection, list[float]]) -> None:
    positions = laid_out[0].positions
    assert (positions.shape, positions.dtype) == ((len(BLOB), 2), np.float32)
    assert (laid_out[0].centre, laid_out[0].axes) == (None, None)
    distances = cdist(positions, positions)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(BLOB[distances.argmin(axis=1)], BLOB)


@pytest.mark.parametrize(("n", "d", "left"), [(90, 120, KEPT), (40, 120, 120), (90, 30, 30)])
def test_t_sne_is_given_what_pca_leaves(n: int, d: int, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Features] = []
    monkeypatch.setattr(
        "digitrec.datasets.exploration.projection._t_sne",
        lambda features, *_: given.append(features) or np.zeros((len(features), 2)),
    )
    features = normal(n, d)
    lay_out(features, "t-SNE")
    assert given[0].shape == (n, left)
    u, s, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    kept = (u * s)[:, :left]
    np.testing.assert_allclose(cdist(given[0], given[0]), cdist(kept, kept), atol=1e-3)


def test_many_features_are_laid_out_as_well() -> None:
    positions = lay_out(blobs(90), "t-SNE")[0].positions
    distances = cdist(positions, positions)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(BLOB[distances.argmin(axis=1)], BLOB)


def test_a_new_one_falls_among_its_neighbours(laid_out: tuple[Projection, list[float]]) -> None:
    features, positions = blobs(), laid_out[0].positions
    for blob in range(3):
        new = normal(1, 8, seed=9)[0] + 30 * np.eye(8, dtype=np.float32)[blob]
        found = place_image(laid_out[0], features, new)
        assert (found.shape, found.dtype) == ((2,), np.float32)
        near = positions[np.argsort(cdist(new[None], features)[0])[:NEIGHBOURS]]
        np.testing.assert_allclose(found, [np.median(near[:, 0]), np.median(near[:, 1])], atol=1e-5)
        assert BLOB[cdist(found[None], positions)[0].argmin()] == blob


def test_a_new_one_falls_somewhere_among_few() -> None:
    features = normal(4, 3)
    projection, _ = lay_out(features, "t-SNE")
    np.testing.assert_allclose(
        place_image(projection, features, features[0]), np.median(projection.positions, axis=0), atol=1e-5
    )


def test_t_snes_progress_ascends_to_1(laid_out: tuple[Projection, list[float]]) -> None:
    told = laid_out[1]
    assert len(told) > 20
    assert told[0] > 0
    assert (np.diff(told) > 0).all()
    assert told[-1] == 1


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_plane(method: str) -> None:
    features = normal(60, 70)
    first, again = (lay_out(features, method, seed=3)[0].positions for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_another_seed_gives_another_plane() -> None:
    features = normal(60, 70)
    first, other = (lay_out(features, "t-SNE", seed)[0].positions for seed in (3, 4))
    assert np.abs(first - other).max() > 0.1


def test_images_all_alike_get_a_place() -> None:
    assert np.isfinite(lay_out(np.ones((20, 5), np.float32), "t-SNE")[0].positions).all()


@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP prints its settings like this, and Linux uses it")
def test_the_threads_of_t_sne_leave_the_processor_to_others_while_they_wait() -> None:
    program = (
        "import numpy as np; from digitrec.datasets.exploration.projection import project;"
        "project(np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32), 't-SNE', 0, lambda done: None)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    rounds_spun = re.findall(r"GOMP_SPINCOUNT = '(\w+)'", printed)
    assert rounds_spun
    assert set(rounds_spun) == {"0"}
