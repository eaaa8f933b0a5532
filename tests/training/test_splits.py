import dataclasses

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from digitrec.datasets import Dataset, Split, load_dataset
from digitrec.datasets.sources.mnist import split_mnist
from digitrec.errors import DataError, RecipeError
from digitrec.training.published import PUBLISHED
from digitrec.training.recipe import Recipe, change
from digitrec.training.splits import split_for


@pytest.mark.full_data
def test_the_tutorials_split_is_made(mnist: Dataset) -> None:
    parts = split_for(PUBLISHED["cnn-three-blocks"], mnist)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (33_600, 8_400, 10_000)
    kept = train_test_split(np.arange(42_000), test_size=0.2, random_state=17)[1]
    np.testing.assert_array_equal(parts.validation.labels, mnist.train.labels[np.sort(kept)])


def test_no_image_is_on_both_sides(mnist: Dataset) -> None:
    numbered = dataclasses.replace(
        mnist, train=Split(mnist.train.images, mnist.train.labels, np.arange(len(mnist.train), dtype=np.int32))
    )
    parts = split_for(Recipe(validation=0.3), numbered)
    assert parts.train.writers is not None
    assert parts.validation.writers is not None
    together = np.concatenate([parts.train.writers, parts.validation.writers])
    assert sorted(together.tolist()) == list(range(len(mnist.train)))


def test_no_writer_is_on_both_sides(mnist: Dataset) -> None:
    parts = split_for(Recipe(by_writer=True, validation=0.1), mnist)
    assert parts.train.writers is not None
    assert parts.validation.writers is not None
    assert not set(parts.train.writers) & set(parts.validation.writers)
    assert len(parts.validation) == pytest.approx(len(mnist.train) / 10, rel=0.2)


def test_nothing_kept_aside_means_the_test_part() -> None:
    data = load_dataset("uci")
    parts = split_for(Recipe(validation=0), data)
    assert parts.validation is parts.test is data.test
    assert len(parts.train) == 1347


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"batch_size": 5000}, "batch size of at most the 1,077 training images"),
        ({"images": 1}, "validation images. Received: 1 and 0"),
        ({"images": 12, "batch_size": 2}, "9 training images. Received: no 1, 4, 5, 8."),
        ({"by_writer": True}, "known writers"),
    ],
)
def test_splits_that_cannot_be_learned_from_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        split_for(change(Recipe(), **changes), load_dataset("uci"))


def test_every_tenth_writer_validates_and_every_image_is_on_one_side() -> None:
    writers = np.array([7, 3, 3, 50, 21, 7, *range(100, 115)], np.int32)
    images = np.arange(len(writers), dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    whole = Split(images, (writers % 10).astype(np.uint8), writers)
    training, validation = split_mnist(whole)
    assert validation.writers is not None
    assert training.writers is not None
    assert validation.writers.tolist() == [3, 3, 106]  # of 3, 7, 21, 50, 100, ... the first and the eleventh
    assert training.writers.tolist() == [writer for writer in writers if writer not in (3, 106)]
    for part in (training, validation):
        assert part.writers is not None
        np.testing.assert_array_equal(part.labels, part.writers % 10)
        np.testing.assert_array_equal(writers[part.images[:, 0, 0]], part.writers)


def test_mnist_is_not_split_where_its_writers_are_not_known() -> None:
    whole = Split(np.zeros((3, 28, 28), np.uint8), np.arange(3, dtype=np.uint8))
    with pytest.raises(DataError, match="QMNIST's label files"):
        split_mnist(whole)
