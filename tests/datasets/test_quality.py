from collections.abc import Callable

import numpy as np
import pytest

from digitrec.datasets import Dataset, Finding, Split, check


def some(n: int = 100, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = np.random.default_rng(seed).integers(0, 256, (n, 20, 20), dtype=np.uint8)
    return images, (np.arange(n) % 10).astype(np.uint8)


def dataset(train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> Dataset:
    return Dataset("mine", Split(*train), Split(*test), "here", "mine")


def findings(spoil: Callable[[np.ndarray, np.ndarray], None]) -> dict[str, Finding]:
    images, labels = some()
    spoil(images, labels)
    return {finding.kind: finding for finding in check(dataset((images, labels), some(50, seed=1)))}


def test_nothing_is_found_where_nothing_is_odd() -> None:
    assert findings(lambda images, labels: None) == {}


def black(images: np.ndarray, labels: np.ndarray) -> None:
    images[[3, 40]] = np.array([0, 90], np.uint8)[:, None, None]


def faint(images: np.ndarray, labels: np.ndarray) -> None:
    images[7] //= 8


def turn_over(images: np.ndarray, labels: np.ndarray) -> None:
    images[[5, 6]] = 255 - images[[5, 6]]


def repeat(images: np.ndarray, labels: np.ndarray) -> None:
    images[[20, 30]] = images[10]


def label_12(images: np.ndarray, labels: np.ndarray) -> None:
    labels[11] = 12


@pytest.mark.parametrize(
    ("spoil", "kind", "places"),
    [
        (black, "constant", [3, 40]),
        (faint, "faint", [7]),
        (turn_over, "inverted", [5, 6]),
        (repeat, "duplicate", [20, 30]),
        (label_12, "label", [11]),
    ],
)
def test_each_oddity_is_found_at_its_places(
    spoil: Callable[[np.ndarray, np.ndarray], None], kind: str, places: list[int]
) -> None:
    found = findings(spoil)
    assert set(found) == {kind}
    assert found[kind].split == "train"
    assert found[kind].places.tolist() == places
    assert f"{len(places)} of" in found[kind].sentence


def test_a_missing_digit_is_named() -> None:
    def lose(images: np.ndarray, labels: np.ndarray) -> None:
        labels[labels == 4] = 5

    assert "There is no 4 among the training images" in findings(lose)["absent"].sentence


def test_imbalance_is_counted() -> None:
    def more_ones(images: np.ndarray, labels: np.ndarray) -> None:
        labels[labels > 7] = 1
        labels[:20] = np.arange(20) % 10

    found = findings(more_ones)["imbalance"]
    assert "are labelled 1" in found.sentence


def test_training_images_among_the_test_images_are_found() -> None:
    train, test = some(), some(50, seed=1)
    test[0][[4, 9]] = train[0][[70, 2]]
    (found,) = check(dataset(train, test))
    assert (found.kind, found.split, found.places.tolist()) == ("leak", "test", [4, 9])


def test_an_empty_split_is_told() -> None:
    images, labels = some()
    kinds = [finding.kind for finding in check(dataset((images, labels), (images[:0], labels[:0])))]
    assert kinds == ["empty"]


def test_images_of_the_benchmark_are_found_in_either_part() -> None:
    benchmark = Split(*some(30, seed=2))
    train, test = some(), some(50, seed=1)
    train[0][[70, 2, 8]] = benchmark.images[[1, 5, 29]]
    test[0][4] = benchmark.images[0]
    found = check(dataset(train, test), benchmark)
    assert [(one.kind, one.split, one.places.tolist()) for one in found] == [
        ("benchmark", "train", [2, 8, 70]),
        ("benchmark", "test", [4]),
    ]
    assert "3 of the training images are in MNIST's test set" in found[0].sentence
    assert "1 of the test images are in MNIST's test set" in found[1].sentence
    assert check(dataset(train, test)) == ()


def test_the_benchmark_itself_is_not_looked_at() -> None:
    images, labels = some(30, seed=2)
    images[3] = images[4]
    labels[:] = 7
    assert check(dataset(some(), some(50, seed=1)), Split(images, labels)) == ()


def test_a_pixel_of_difference_is_another_image() -> None:
    images, labels = some(30, seed=2)
    changed = images.copy()
    changed[:, 27, 27] ^= 1
    assert check(dataset((changed, labels), some(50, seed=1)), Split(images, labels)) == ()


def test_all_of_mnists_test_images_are_found(mnist: Dataset) -> None:
    mine = Dataset("mine", mnist.train, mnist.test, "here", "mine")
    found = {(one.kind, one.split): one for one in check(mine, mnist.test)}
    assert found["benchmark", "test"].places.tolist() == list(range(len(mnist.test)))
    assert ("benchmark", "train") not in found
