import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitrec.datasets.exploration.labels import count_labels, describe_balance


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=200))
def test_counts_are_pandas_own(labels: list[int]) -> None:
    frame = count_labels(np.array(labels, np.uint8))
    expected = pd.Series(labels, dtype=int).value_counts().reindex(range(10), fill_value=0)
    assert frame["count"].tolist() == expected.tolist()
    assert frame["fraction"].sum() == pytest.approx(1 if labels else 0)
    assert frame["above"].tolist() == (expected > expected.mean()).tolist()


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([100] * 10, "1.00 times .* no difference"),
        ([100] * 9 + [70], "1.43 times .*9: 100 against 70.* hardly affects"),
        ([400] + [100] * 9, "4.00 times .*Accuracy on 1 will suffer"),
        ([0] + [100] * 9, "There is no 0:"),
        ([0] * 10, "no digits here"),
    ],
)
def test_balance_is_told_from_the_counts(counts: list[int], told: str) -> None:
    sentence = describe_balance(count_labels(np.repeat(np.arange(10), counts).astype(np.uint8)))
    assert pd.Series([sentence]).str.contains(told).all(), sentence
