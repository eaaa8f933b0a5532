import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from digitrec.errors import EvaluationError
from digitrec.evaluation.metrics import (
    check_probabilities,
    compare_predictions,
    confusion,
    measure_proportion,
    per_digit,
)
from digitrec.evaluation.significance import mcnemar, wilson_interval

EYE = np.eye(10, dtype=np.float32)


def test_measuring_counts_the_true_ones() -> None:
    figure = measure_proportion("accuracy", "MNIST test", np.array([True, True, False, True]))
    expected = binomtest(3, 4).proportion_ci(0.95, method="wilson")
    assert (figure.kind, figure.what, figure.n, figure.value) == ("accuracy", "MNIST test", 4, 0.75)
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


def test_two_readers_are_compared_image_by_image() -> None:
    labels = np.array([1, 2, 3, 4, 5, 6], np.uint8)
    first, second = np.array([1, 2, 3, 0, 0, 6]), np.array([1, 0, 0, 4, 9, 0])
    found = compare_predictions(labels, first, second)
    assert (found.both_right, len(found.both_wrong)) == (1, 1)
    assert (found.only_first.tolist(), found.only_second.tolist()) == ([1, 2, 5], [3])
    assert found.p == mcnemar(3, 1) == pytest.approx(0.625)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_figures_of_each_digit_are_those_of_plain_counts(pairs: list[tuple[int, int]]) -> None:
    labels, read = np.array(pairs, np.int64).T
    frame = per_digit(labels.astype(np.uint8), read)
    assert list(frame) == ["digit", "precision", "recall", "recall_low", "recall_high", "f1", "support"]
    assert frame["digit"].tolist() == list(range(10))
    for row in frame.itertuples():
        right = pairs.count((row.digit, row.digit))
        is_so, read_so = sum(a == row.digit for a, _ in pairs), sum(b == row.digit for _, b in pairs)
        assert row.support == is_so
        assert row.recall == pytest.approx(right / is_so if is_so else 0)
        assert row.precision == pytest.approx(right / read_so if read_so else 0)
        assert row.f1 == pytest.approx(2 * right / (is_so + read_so) if is_so + read_so else 0)
        assert (row.recall_low, row.recall_high) == wilson_interval(right, is_so)


def test_who_always_says_3_recalls_3_alone() -> None:
    frame = per_digit(np.arange(10, dtype=np.uint8), np.full(10, 3))
    assert frame["recall"].tolist() == [int(digit == 3) for digit in range(10)]
    assert frame["precision"].tolist() == [0.1 * (digit == 3) for digit in range(10)]


@pytest.mark.parametrize(
    ("probabilities", "labels", "told"),
    [
        (EYE[:0], np.empty(0, np.uint8), "at least one image. Received: none"),
        (EYE, np.arange(9), "Received: shapes (10, 10) and (9,)"),
        (EYE[:, :9], np.arange(10), "Received: shapes (10, 9) and (10,)"),
        (EYE[0], np.arange(10), "Received: shapes (10,) and (10,)"),
        (EYE, EYE.astype(int), "Received: shapes (10, 10) and (10, 10)"),
        (EYE, np.uint8(3), "Received: shapes (10, 10) and ()"),
        (EYE, np.arange(1, 11), "0 to 9. Received: 10."),
        (EYE, np.arange(10) - 1, "0 to 9. Received: -1."),
        (EYE, np.arange(10) / 2, "0 to 9. Received: 0.5."),
        (EYE, np.arange(10.0), "0 to 9. Received: type float64."),
        (np.where(EYE == 1, np.nan, 0), np.arange(10), "Received: nan for image 0, the first of 10"),
        (
            np.where(np.arange(10)[:, None] == 7, np.inf, EYE),
            np.arange(10),
            "Received: inf for image 7, the first of 1 ",
        ),
        (EYE - np.float32(0.1), np.arange(10), "Received: -0.1 for image 0"),
        (EYE * 12, np.arange(10), "Received: 12 for image 0"),
    ],
)
def test_what_gives_no_figures_is_told(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], told: str
) -> None:
    with pytest.raises(EvaluationError) as error:
        check_probabilities(probabilities, labels)
    assert told in str(error.value)
    assert str(error.value).startswith("Expected ")


@pytest.mark.parametrize("probabilities", [EYE, EYE.astype(np.float64), EYE * np.float32(1.000001), EYE[[3] * 10]])
def test_what_gives_figures_passes(probabilities: NDArray[np.float32]) -> None:
    check_probabilities(probabilities, np.arange(10))
    check_probabilities(probabilities[:1], np.array([9], np.uint8))
