import numpy as np
import pytest

from digitrec.datasets.sources.pen import HELD_OUT_WRITERS
from tests.data import make, sample


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in sample.HERE.iterdir() if path.is_file()) < 2_000_000


def test_its_digits_are_balanced_and_by_other_people_in_each_part() -> None:
    mnist = sample.load_mnist()
    for split in (mnist.train, mnist.test):
        assert split.writers is not None
        writers, digits = np.unique(split.writers), np.arange(10)
        counts = [((split.writers == writer) & (split.labels == digit)).sum() for writer in writers for digit in digits]
        assert set(counts) == {make.EACH}
    assert not set(mnist.train.writers.tolist()) & set(mnist.test.writers.tolist())  # type: ignore[union-attr]
    assert {digit.writer for digit in sample.load_pen_digits()} == HELD_OUT_WRITERS


@pytest.mark.full_data
def test_it_is_made_of_what_was_published() -> None:
    made = make.sample_mnist()
    with np.load(sample.HERE / "mnist.npz") as kept:
        assert set(kept) == set(made)
        for name, array in made.items():
            np.testing.assert_array_equal(kept[name], array)
    assert sample.read_pen() == make.sample_pen()
