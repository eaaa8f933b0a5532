import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from digitrec.evaluation import compare, confusion, mcnemar, measure, wilson_interval, worst_first


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 70_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_is_scipys(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(0.95, method="wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("n", [1, 5, 10_000])
def test_interval_stays_between_0_and_1_and_holds_the_share(n: int) -> None:
    low, high = wilson_interval(0, n)
    assert pytest.approx(0, abs=1e-12) == low < high < 1
    low, high = wilson_interval(n, n)
    assert 0 < low < high == pytest.approx(1)


def test_measuring_counts_the_true_ones() -> None:
    figure = measure("read", "MNIST test", np.array([True, True, False, True]))
    expected = binomtest(3, 4).proportion_ci(0.95, method="wilson")
    assert (figure.kind, figure.what, figure.n, figure.share) == ("read", "MNIST test", 4, 0.75)
    assert (figure.low, figure.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_confusion_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    labels, read = np.array(pairs, np.int64).reshape(-1, 2).T
    ours = confusion(labels.astype(np.uint8), read)
    assert ours.shape == (10, 10)
    if pairs:
        np.testing.assert_array_equal(ours, confusion_matrix(labels, read, labels=range(10)))
    else:
        assert not ours.any()


def test_the_surest_mistakes_come_first() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 200).astype(np.float32)
    labels = rng.integers(0, 10, 200).astype(np.uint8)
    order = worst_first(probabilities, labels)
    expected = [i for i in range(200) if probabilities[i].argmax() != labels[i]]
    assert 100 < len(expected) < 200
    assert order.tolist() == sorted(expected, key=lambda i: probabilities[i, labels[i]])


def test_equally_bad_mistakes_stay_in_their_order_and_none_is_none() -> None:
    probabilities = np.eye(10, dtype=np.float32)[[3, 3, 4, 3]]
    assert worst_first(probabilities, np.array([5, 3, 5, 6], np.uint8)).tolist() == [0, 2, 3]
    assert worst_first(probabilities, np.array([3, 3, 4, 3], np.uint8)).tolist() == []


def test_two_readers_are_compared_image_by_image() -> None:
    labels = np.array([1, 2, 3, 4, 5, 6], np.uint8)
    first, second = np.array([1, 2, 3, 0, 0, 6]), np.array([1, 0, 0, 4, 9, 0])
    found = compare(labels, first, second)
    assert (found.both_right, found.both_wrong) == (1, 1)
    assert (found.only_first.tolist(), found.only_second.tolist()) == ([1, 2, 5], [3])
    assert found.p == mcnemar(3, 1) == pytest.approx(0.625)


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 0), (5, 5), (3, 1), (12, 30), (200, 150)])
def test_mcnemars_p_is_the_exact_sum(one: int, other: int) -> None:
    n = one + other
    tail = sum(math.comb(n, k) for k in range(min(one, other) + 1)) / 2**n
    assert mcnemar(one, other) == mcnemar(other, one) == pytest.approx(min(1, 2 * tail))
