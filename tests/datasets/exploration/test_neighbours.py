import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from digitrec.datasets import load_dataset
from digitrec.datasets.exploration.neighbours import CHUNK, make_index, nearest, nearest_by_pixels
from digitrec.networks.classifier import Classifier

Features = NDArray[np.float32]


def normal(n: int, d: int, seed: int = 0) -> Features:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def by_brute_force(features: Features, of: Features, count: int) -> tuple[list[list[int]], list[list[float]]]:
    distances = cdist(of.astype(np.float64), features.astype(np.float64))
    places = [sorted(range(len(features)), key=lambda i: (row[i], i))[:count] for row in distances]
    return places, [[row[i] for i in near] for row, near in zip(distances, places, strict=True)]


def check(features: Features, of: Features, count: int) -> None:
    places, distances = nearest(make_index(features), of, count)
    expected, expected_distances = by_brute_force(features, of, count)
    assert (places.dtype, distances.dtype) == (np.intp, np.float32)
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 5), st.integers(1, 70), st.integers(0, 99))
def test_nearest_agree_with_brute_force(m: int, d: int, k: int, count: int, seed: int) -> None:
    check(normal(m, d, seed), normal(k, d, seed + 100), count)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 3), st.integers(1, 30), st.integers(0, 99))
def test_of_equally_near_ones_the_first_come_first(m: int, d: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    check(*(rng.integers(0, 3, (n, d)).astype(np.float32) for n in (m, 4)), count)


@pytest.mark.parametrize("offset", [30, 3000])
def test_features_far_from_0_and_close_together_are_told_apart(offset: float) -> None:
    # In float32 the squared lengths are known to about 0.01 and 60 here, and the squared distances are about 0.01.
    features = (normal(400, 90) * 0.01 + offset).astype(np.float32)
    check(features, features[:20] + np.float32(offset * 1e-6), 12)


def test_far_ones_are_told_apart_by_less_than_float32_can_tell() -> None:
    # The distances are about 28,000 and differ by 0.001.
    check((normal(200, 90) * 1e-3 + 3000).astype(np.float32), normal(5, 90, seed=1), 12)


@pytest.mark.parametrize("k", [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 2])
def test_many_are_looked_for_in_chunks(k: int) -> None:
    check(normal(500, 30), normal(k, 30, seed=1), 12)


def test_one_among_them_is_its_own_nearest_at_no_distance() -> None:
    features = normal(300, 200) * 50
    places, distances = nearest(make_index(features), features)
    assert places.shape == distances.shape == (300, 12)
    np.testing.assert_array_equal(places[:, 0], np.arange(300))
    assert not distances[:, 0].any()
    assert (np.diff(distances, axis=1) >= 0).all()


@pytest.mark.parametrize(("m", "k"), [(0, 3), (5, 0), (0, 0)])
def test_nothing_is_near_to_nothing(m: int, k: int) -> None:
    places, distances = nearest(make_index(normal(m, 4)), normal(k, 4))
    assert places.shape == distances.shape == (k, min(m, 12))


def test_what_is_given_is_left_as_it_was() -> None:
    features, of = normal(50, 6), normal(3, 6, seed=1)
    index = make_index(features)
    assert index.features is features
    nearest(index, of)
    np.testing.assert_array_equal(features, normal(50, 6))
    np.testing.assert_array_equal(of, normal(3, 6, seed=1))
    np.testing.assert_allclose(index.squared, [sum(float(value) ** 2 for value in row) for row in features], rtol=1e-5)


def test_a_real_readers_neighbours_show_the_same_digit(classifier: Classifier) -> None:
    digits = load_dataset("uci")
    index = make_index(classifier.features(digits.train.images[:400]))
    test = classifier.features(digits.test.images[:40])
    places, _ = nearest(index, test, 5)
    shown = digits.train.labels[places]
    assert (shown == digits.test.labels[:40, None]).mean() > 0.9


def test_nearest_by_pixels_agree_with_brute_force() -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 28, 28), dtype=np.uint8)
    image = images[17]
    differences = ((images.astype(float) - image) ** 2).sum(axis=(1, 2))
    assert nearest_by_pixels(images, image, 8, chunk=7).tolist() == np.argsort(differences)[:8].tolist()
    assert nearest_by_pixels(images, image, 1).tolist() == [17]
    assert len(nearest_by_pixels(images[:5], image, 9)) == 5
