import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from digitrec.errors import EvaluationError
from digitrec.evaluation.significance import holm
from digitrec.evaluation.subgroups import QUARTERS, compare_groups, in_quarters

COLUMNS = ["group", "n", "errors", "error_rate", "low", "high", "p", "is_worse"]
pairs = st.lists(st.tuples(st.booleans(), st.sampled_from("abcd")), min_size=1, max_size=60)


def exact(errors: int, n: int, all_errors: int, everybody: int) -> float:
    """Fisher's p: the chance of all tables that are no likelier than this one."""
    tables = [
        math.comb(n, k) * math.comb(everybody - n, all_errors - k) / math.comb(everybody, all_errors)
        for k in range(max(0, all_errors - everybody + n), min(n, all_errors) + 1)
    ]
    this = math.comb(n, errors) * math.comb(everybody - n, all_errors - errors) / math.comb(everybody, all_errors)
    return sum(p for p in tables if p <= this * (1 + 1e-9))


@settings(max_examples=50, deadline=None)
@given(pairs)
def test_groups_are_those_of_plain_loops(found: list[tuple[bool, str]]) -> None:
    frame = compare_groups(np.array([right for right, _ in found]), [name for _, name in found])
    assert list(frame) == COLUMNS
    assert frame["group"].tolist() == sorted({name for _, name in found})
    all_errors = sum(not right for right, _ in found)
    for row in frame.itertuples():
        own = [right for right, name in found if name == row.group]
        interval = binomtest(own.count(False), len(own)).proportion_ci(0.95, method="wilson")
        assert (row.n, row.errors, row.error_rate) == (len(own), own.count(False), own.count(False) / len(own))
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high), abs=1e-6)
        assert row.p == pytest.approx(exact(row.errors, row.n, all_errors, len(found)))
        rest = len(found) - row.n
        is_above = rest > 0 and row.error_rate > (all_errors - row.errors) / rest
        assert row.is_worse == (is_above and holm(frame["p"].to_numpy())[row.Index] <= 0.05)


def test_a_group_that_is_worse_is_named_and_a_small_one_does_not_shout() -> None:
    sizes = {f"writer {i}": 500 for i in range(10)} | {"bad": 500, "few": 2}
    groups = np.repeat(list(sizes), list(sizes.values()))
    is_right = np.arange(len(groups)) % 100 > 0
    is_right[5000:5040] = is_right[-1] = False
    is_right[5500] = True
    frame = compare_groups(is_right, groups).set_index("group")
    assert frame["error_rate"]["few"] > frame["error_rate"]["bad"] > 0.08
    assert frame["p"]["few"] < 0.05
    assert frame.index[frame["is_worse"]].tolist() == ["bad"]
    assert frame.index[holm(frame["p"].to_numpy()) <= 0.05].tolist() == ["bad"]


def test_a_group_that_is_better_is_not_worse() -> None:
    is_right = np.arange(2000) % 10 > 0
    is_right[:500] = True
    frame = compare_groups(is_right, np.arange(2000) // 500)
    assert frame["p"][0] < 1e-6
    assert not frame["is_worse"][0]


def test_chance_alone_calls_a_group_worse_in_one_of_twenty_at_most() -> None:
    groups = np.arange(2000) % 20
    calls, naive = 0, 0
    for seed in range(20):
        frame = compare_groups(np.random.default_rng(seed).random(2000) > 0.1, groups)
        calls += frame["is_worse"].any()
        naive += (frame["p"] <= 0.05).any()
    assert calls <= 2
    assert naive > 5


def test_categories_keep_their_order_and_the_empty_and_the_missing_are_left_out() -> None:
    groups = pd.Categorical(["thin", "thick", None, "thin"], ["thick", "none so", "thin"])
    is_right = np.array([True, True, False, False])
    frame = compare_groups(is_right, groups)
    assert frame[["group", "n", "errors"]].to_numpy().tolist() == [["thick", 1, 0], ["thin", 2, 1]]
    pd.testing.assert_frame_equal(compare_groups(is_right, pd.Series(groups)), frame)


@pytest.mark.parametrize("is_right", [True, False])
def test_one_group_has_no_rest_to_be_worse_than(is_right: bool) -> None:
    (row,) = compare_groups(np.full(5, is_right), ["a"] * 5).itertuples()
    assert (row.n, row.error_rate, row.p, row.is_worse) == (5, 1 - is_right, 1, False)


@pytest.mark.parametrize("is_right", [True, False])
def test_where_all_do_alike_none_is_worse(is_right: bool) -> None:
    frame = compare_groups(np.full(90, is_right), np.arange(90) % 3)
    assert frame["p"].tolist() == [1, 1, 1]
    assert not frame["is_worse"].any()


@pytest.mark.parametrize("n", [0, 3])
def test_no_groups_make_an_empty_frame(n: int) -> None:
    frame = compare_groups(np.ones(n, bool), [None] * n)
    assert len(frame) == 0
    assert list(frame) == COLUMNS


def test_as_many_groups_as_images_are_needed() -> None:
    with pytest.raises(EvaluationError, match=r"each of 3 images\. Received: 2"):
        compare_groups(np.ones(3, bool), ["a", "b"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=4, max_size=60, unique=True))
def test_quarters_are_quarters(values: list[float]) -> None:
    quarters = in_quarters(np.array(values))
    counts = np.bincount(quarters.codes, minlength=4)
    assert np.ptp(counts) <= 1
    assert (np.diff(quarters.codes[np.argsort(values)]) >= 0).all()
    assert list(quarters.categories) == list(QUARTERS)
    assert quarters.ordered


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 4).map(float), st.just(math.nan)), max_size=40))
def test_equal_values_share_a_quarter_and_what_is_not_known_has_none(values: list[float]) -> None:
    quarters = in_quarters(np.array(values)).codes
    known = sorted(value for value in values if not math.isnan(value))
    for value, quarter in zip(values, quarters, strict=True):
        if math.isnan(value) or known[0] == known[-1]:
            assert quarter == -1
        else:
            below, equal = sum(other < value for other in known), known.count(value)
            assert quarter == int(4 * (below + equal / 2) / len(known))


@pytest.mark.parametrize("values", [[], [2.0], [2.0, 2.0, 2.0], [math.nan], [math.nan, 1.0]])
def test_what_cannot_be_divided_has_no_quarters(values: list[float]) -> None:
    assert in_quarters(np.array(values)).isna().all()


def test_quarters_are_named_as_wished_and_compared() -> None:
    widths = np.array([1, 2, 3, 4, 5, 6, 7, 8], np.float32)
    quarters = in_quarters(widths, ("thinnest quarter", "thinner", "thicker", "thickest quarter"))
    frame = compare_groups(widths > 2, quarters)
    assert frame["group"].tolist() == ["thinnest quarter", "thinner", "thicker", "thickest quarter"]
    assert frame["errors"].tolist() == [2, 0, 0, 0]
