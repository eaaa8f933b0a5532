import numpy as np
import pandas as pd
import pytest

from digitrec.datasets import Split
from digitrec.datasets.exploration.properties import measure_images
from digitrec.datasets.exploration.selection import BY_PROPERTY, ORDERS, draw_places, select


@pytest.fixture(scope="module")
def split() -> Split:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8)
    return Split(images, rng.integers(0, 10, 60).astype(np.uint8), rng.integers(0, 3, 60).astype(np.int32))


@pytest.fixture(scope="module")
def measured(split: Split) -> pd.DataFrame:
    return measure_images(split.images, split.labels)


def test_all_come_in_their_order_unless_told_otherwise(split: Split, measured: pd.DataFrame) -> None:
    assert select(split, measured).tolist() == list(range(60))


def test_digits_and_writer_are_chosen(split: Split, measured: pd.DataFrame) -> None:
    places = select(split, measured, digits=[3, 7], writer=1)
    assert split.writers is not None
    expected = [i for i in range(60) if split.labels[i] in (3, 7) and split.writers[i] == 1]
    assert places.tolist() == expected


def test_random_is_the_same_for_the_same_seed(split: Split, measured: pd.DataFrame) -> None:
    one, same, other = (select(split, measured, order="random", seed=seed).tolist() for seed in (5, 5, 6))
    assert one == same != other
    assert sorted(one) == list(range(60))


@pytest.mark.parametrize("order", BY_PROPERTY)
def test_properties_sort(split: Split, measured: pd.DataFrame, order: str) -> None:
    column, largest_first = BY_PROPERTY[order]
    values = measured[column].to_numpy()[select(split, measured, digits=range(5), order=order)]
    assert (np.diff(values) <= 0).all() if largest_first else (np.diff(values) >= 0).all()


def test_every_order_is_known() -> None:
    assert set(BY_PROPERTY) < set(ORDERS)


def test_places_are_drawn_once_each_and_at_most_as_many_as_there_are() -> None:
    drawn = draw_places(50, 20, seed=3)
    assert len(set(drawn.tolist())) == 20
    assert set(drawn.tolist()) <= set(range(50))
    np.testing.assert_array_equal(drawn, draw_places(50, 20, seed=3))
    assert draw_places(50, 20, seed=4).tolist() != drawn.tolist()
    assert sorted(draw_places(5, 20)) == [0, 1, 2, 3, 4]
