import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from digitrec.datasets.exploration.pixels import count_greys, mean_and_deviation
from digitrec.training.scaling import SCALINGS, scale

Images = NDArray[np.uint8]
MNIST = (33.3, 78.6)
ANY_IMAGES = arrays(np.uint8, (2, 28, 28))


def some(n: int = 20) -> Images:
    rng = np.random.default_rng(n)
    return (rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.2)).astype(np.uint8)


@pytest.mark.parametrize("how", SCALINGS)
def test_shape_stays_and_numbers_become_floats(how: str) -> None:
    images = some()
    before = images.copy()
    scaled = scale(images, how, *MNIST)
    assert (scaled.shape, scaled.dtype) == (images.shape, np.float32)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("how", SCALINGS)
def test_a_blank_image_becomes_one_finite_number(how: str) -> None:
    scaled = scale(np.zeros((1, 28, 28), np.uint8), how, *MNIST)
    assert np.unique(scaled).tolist() == [np.float32(-33.3) / np.float32(78.6) if how == "standardised" else 0]


@pytest.mark.parametrize("how", SCALINGS)
def test_no_images_stay_none(how: str) -> None:
    assert scale(np.empty((0, 28, 28), np.uint8), how, *MNIST).shape == (0, 28, 28)


def test_raw_is_what_it_was() -> None:
    np.testing.assert_array_equal(scale(some(), "raw", *MNIST), some())


def test_unit_is_0_to_1() -> None:
    greys = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)
    np.testing.assert_allclose(scale(greys, "unit", *MNIST), greys / 255, rtol=1e-6)
    assert np.ptp(scale(greys, "unit", *MNIST)) == 1


def test_standardised_is_scikit_learns() -> None:
    train, test = some(30), some(10)
    scaler = StandardScaler().fit(train.reshape(-1, 1).astype(float))
    expected = scaler.transform(test.reshape(-1, 1).astype(float)).reshape(test.shape)
    figures = mean_and_deviation(count_greys(train))
    np.testing.assert_allclose(scale(test, "standardised", *figures), expected, atol=1e-5)


def test_images_of_one_grey_are_standardised_to_0() -> None:
    images = np.full((3, 28, 28), 90, np.uint8)
    scaled = scale(images, "standardised", *mean_and_deviation(count_greys(images)))
    assert not scaled.any()


def test_unit_norm_is_keras_own() -> None:
    import keras

    images = some()
    assert not images.any(axis=1).all(), "some columns should be blank"
    np.testing.assert_allclose(scale(images, "unit-norm", *MNIST), keras.utils.normalize(images, axis=1), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(ANY_IMAGES)
def test_unit_norm_makes_each_column_with_ink_1_long(images: Images) -> None:
    lengths = np.linalg.norm(scale(images, "unit-norm", *MNIST), axis=1)
    np.testing.assert_allclose(lengths, images.any(axis=1), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(ANY_IMAGES)
def test_raw_unit_and_standardised_keep_the_picture(images: Images) -> None:
    greys = scale(images, "raw", *MNIST)
    np.testing.assert_allclose(scale(images, "unit", *MNIST) * 255, greys, atol=1e-3)
    np.testing.assert_allclose(scale(images, "standardised", *MNIST) * MNIST[1] + MNIST[0], greys, atol=1e-3)


def test_each_scaling_has_a_title_of_its_own() -> None:
    assert len({scaling.title for scaling in SCALINGS.values()}) == len(SCALINGS) == 4
