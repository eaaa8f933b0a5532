import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from digitrec.datasets import Dataset
from digitrec.datasets.exploration.pixels import (
    HALF,
    class_deviations,
    class_means,
    count_greys,
    difference_of_means,
    is_used,
    mean_and_deviation,
    separating_pixel,
    summarise,
)

Images, Labels = NDArray[np.uint8], NDArray[np.uint8]
ANY_IMAGES = arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=6))


def some(n: int = 60, digits: tuple[int, ...] = (1, 4, 9)) -> tuple[Images, Labels]:
    rng = np.random.default_rng(n)
    images = rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.5)
    return images.astype(np.uint8), rng.choice(digits, n).astype(np.uint8)


def grouped(images: Images, labels: Labels) -> pd.api.typing.DataFrameGroupBy:
    return pd.DataFrame(images.reshape(len(images), -1) / 255).groupby(labels)


def test_means_and_deviations_are_pandas_own() -> None:
    images, labels = some()
    digits = sorted(set(labels.tolist()))
    means, deviations = class_means(images, labels), class_deviations(images, labels)
    for found, expected in ((means, grouped(images, labels).mean()), (deviations, grouped(images, labels).std(ddof=0))):
        assert found.shape == (10, 28, 28)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found[digits].reshape(len(digits), -1), expected, rtol=1e-5, atol=1e-7)


def test_a_digit_that_does_not_occur_has_neither_mean_nor_deviation() -> None:
    images, labels = some()
    absent = np.setdiff1d(range(10), labels)
    for found in (class_means(images, labels), class_deviations(images, labels)):
        assert np.isnan(found[absent]).all()
        assert not np.isnan(np.delete(found, absent, axis=0)).any()


def test_without_images_there_are_no_figures() -> None:
    images, labels = some(0)
    assert np.isnan(class_means(images, labels)).all()
    assert np.isnan(class_deviations(images, labels)).all()
    assert count_greys(images).tolist() == [0] * 256
    assert not is_used(images).any()


def test_full_ink_has_mean_1_and_half_of_it_deviation_one_half() -> None:
    images = np.full((4, 28, 28), 255, np.uint8)
    images[2:, 5, 6] = 0
    labels = np.full(4, 3, np.uint8)
    assert class_means(images, labels)[3, 0, 0] == 1
    assert class_deviations(images, labels)[3, 5, 6] == 0.5
    assert class_deviations(images, labels)[3].sum() == 0.5


@settings(max_examples=60, deadline=None)
@given(ANY_IMAGES)
def test_greys_are_counted_and_summed_as_numpy_does(images: Images) -> None:
    counts = count_greys(images)
    assert counts.tolist() == [(images == grey).sum() for grey in range(256)]
    mean, deviation = mean_and_deviation(counts)
    assert mean == pytest.approx(images.mean())
    assert deviation == pytest.approx(images.std(), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(ANY_IMAGES)
def test_a_pixel_is_used_where_any_image_has_ink(images: Images) -> None:
    expected = [
        [any(image[row, column] for image in images) for column in range(len(images[0, 0]))]
        for row in range(len(images[0]))
    ]
    assert is_used(images).tolist() == expected


def best_guess(images: Images, labels: Labels, first: int, second: int) -> float:
    """The share of right guesses, both digits alike frequent, from the best pixel and the better of both rules."""
    best = 0.0
    for row in range(28):
        for column in range(28):
            dark = images[:, row, column] > HALF
            right = (dark[labels == first].mean() + (~dark[labels == second]).mean()) / 2
            best = max(best, right, 1 - right)
    return best


@pytest.mark.parametrize("n", [12, 60])
@pytest.mark.parametrize(("first", "second"), [(1, 4), (4, 1), (9, 4)])
def test_no_pixel_tells_more_than_the_telling_one(n: int, first: int, second: int) -> None:
    images, labels = some(n)
    found = separating_pixel(images, labels, first, second)
    assert found.accuracy == pytest.approx(best_guess(images, labels, first, second))
    dark = images[:, found.row, found.column] > HALF
    other = first + second - found.digit
    assert {found.digit, other} == {first, second}
    assert found.ink == pytest.approx(dark[labels == found.digit].mean())
    assert found.other_ink == pytest.approx(dark[labels == other].mean())
    assert found.ink >= found.other_ink


@settings(max_examples=25, deadline=None)
@given(st.integers(10, 200), st.permutations([1, 4, 9]))
def test_the_order_of_two_digits_makes_no_difference(n: int, digits: list[int]) -> None:
    images, labels = some(n)
    labels[:3] = 1, 4, 9
    first, second, _ = digits
    assert separating_pixel(images, labels, first, second) == separating_pixel(images, labels, second, first)


def test_the_separating_pixel_is_the_one_that_differs() -> None:
    images = np.zeros((8, 28, 28), np.uint8)
    images[:, 3, 3] = 255
    images[4:, 20, 7] = HALF + 1
    images[4:, 19, 7] = HALF
    labels = np.repeat([2, 5], 4).astype(np.uint8)
    found = separating_pixel(images, labels, 2, 5)
    assert (found.row, found.column, found.digit, found.ink, found.other_ink) == (20, 7, 5, 1, 0)
    assert found.accuracy == 1


def test_a_digit_does_not_differ_from_itself() -> None:
    images, labels = some()
    assert separating_pixel(images, labels, 4, 4).accuracy == 0.5


@pytest.mark.full_data
def test_mnist_has_its_published_mean_and_deviation(mnist: Dataset) -> None:
    mean, deviation = mean_and_deviation(count_greys(mnist.train.images))
    assert mean / 255 == pytest.approx(0.1307, abs=5e-5)
    assert deviation / 255 == pytest.approx(0.3081, abs=5e-5)


@pytest.mark.full_data
def test_mnist_never_uses_67_of_its_pixels(mnist: Dataset) -> None:
    assert (~is_used(mnist.train.images)).sum() == 67


def test_a_summary_has_all_of_it(mnist: Dataset) -> None:
    images, labels = mnist.test.images, mnist.test.labels
    summary = summarise(images, labels)
    np.testing.assert_allclose(summary.means.reshape(10, -1), grouped(images, labels).mean(), atol=1e-6)
    np.testing.assert_allclose(summary.deviations.reshape(10, -1), grouped(images, labels).std(ddof=0), atol=1e-6)
    assert summary.greys.sum() == images.size
    assert (summary.used == (summary.means > 0).any(axis=0)).all()


def test_a_summary_names_its_digits_and_its_paper() -> None:
    images = np.zeros((3, 28, 28), np.uint8)
    images[:, 0, :14] = 255
    summary = summarise(images, np.array([2, 7, 7], np.uint8))
    assert summary.digits == [2, 7]
    assert summary.paper == pytest.approx(1 - 14 / 784)


def test_the_difference_of_means_reaches_1_where_they_differ_most() -> None:
    means = np.zeros((10, 28, 28), np.float32)
    means[4, 1, 1], means[9, 2, 2] = 0.2, 0.4
    difference = difference_of_means(means, 4, 9)
    assert (difference[1, 1], difference[2, 2]) == pytest.approx((0.5, -1))
    assert not difference_of_means(means, 4, 4).any()
