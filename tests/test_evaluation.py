import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from digitrec.evaluation import measure, wilson_interval


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
