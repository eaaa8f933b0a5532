import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from digitrec.evaluation.significance import holm, mcnemar, wilson_interval


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


def test_of_no_images_a_share_may_be_anything() -> None:
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 0), (5, 5), (3, 1), (12, 30), (200, 150)])
def test_mcnemars_p_is_the_exact_sum(one: int, other: int) -> None:
    n = one + other
    tail = sum(math.comb(n, k) for k in range(min(one, other) + 1)) / 2**n
    assert mcnemar(one, other) == mcnemar(other, one) == pytest.approx(min(1, 2 * tail))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_rejects_what_going_down_step_by_step_rejects(p: list[float]) -> None:
    rejected = set()
    for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] * (len(p) - step) > 0.05:
            break
        rejected.add(i)
    raised = holm(np.array(p))
    assert set(np.flatnonzero(raised <= 0.05)) == rejected
    assert ((raised >= p) & (raised <= 1)).all()


def test_holm_is_as_in_the_books() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.9, 0.6])), [1, 1])
