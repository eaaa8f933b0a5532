from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from digitrec.errors import EvaluationError
from digitrec.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    THRESHOLDS,
    TIMES,
    Bin,
    calibration_error_by_chance,
    coverage,
    expected_calibration_error,
    fit_temperature,
    pool,
    reliability,
    with_temperature,
)
from digitrec.evaluation.significance import wilson_interval

seeds = st.integers(0, 2**32 - 1)
EYE = np.eye(10, dtype=np.float32)
Answers = tuple[NDArray[np.float32], NDArray[np.uint8]]


def answers(seed: int, n: int = 500, temperature: float = 1.0) -> Answers:
    """A reader whose probabilities are right at `temperature`: labels are drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, 10))
    shares = softmax(logits, axis=1)
    labels = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, 9)
    return softmax(logits * temperature, axis=1).astype(np.float32), labels.astype(np.uint8)


def coin(seed: int, n: int) -> Answers:
    """Confidences from 0.5 to 1, each right as often as it says."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, n)
    probabilities = np.zeros((n, 10), np.float32)
    probabilities[:, 3], probabilities[:, 5] = confidence, 1 - confidence
    return probabilities, np.where(rng.random(n) < confidence, 3, 5).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 30))
def test_bins_are_scikit_learns(seed: int, bins: int) -> None:
    probabilities, labels = answers(seed)
    frame = reliability(probabilities, labels, bins)
    is_right = probabilities.argmax(axis=1) == labels
    confidence = probabilities.max(axis=1).astype(np.float64)
    accuracies, confidences = calibration_curve(is_right, confidence, n_bins=bins)
    np.testing.assert_allclose(frame["accuracy"], accuracies)
    np.testing.assert_allclose(frame["confidence"], confidences)
    for row in frame.itertuples():
        inside = (confidence > row.low) & (confidence <= row.high)
        expected = binomtest(int(is_right[inside].sum()), int(inside.sum())).proportion_ci(0.95, method="wilson")
        assert row.n == inside.sum() > 0
        assert row.high - row.low == pytest.approx(1 / bins)
        assert (row.accuracy_low, row.accuracy_high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert frame["n"].sum() == len(labels)


def test_a_confidence_on_an_end_is_in_the_lower_bin() -> None:
    probabilities = np.zeros((3, 10), np.float32)
    probabilities[:, :2] = [[0.5, 0.5], [0.75, 0.25], [1, 0]]
    frame = reliability(probabilities, np.zeros(3, np.uint8), bins=4)
    assert frame[["low", "high", "n"]].to_numpy().tolist() == [[0.25, 0.5, 1], [0.5, 0.75, 1], [0.75, 1, 1]]


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_calibration_error_is_that_of_a_plain_loop(seed: int) -> None:
    probabilities, labels = answers(seed, temperature=1.5)
    expected = 0.0
    for k in range(15):
        inside = [i for i in range(len(labels)) if k / 15 < probabilities[i].max() <= (k + 1) / 15]
        right = sum(int(probabilities[i].argmax() == labels[i]) for i in inside)
        expected += abs(right - sum(float(probabilities[i].max()) for i in inside)) / len(labels)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-6)


def test_the_error_of_an_honest_coin_tends_to_0() -> None:
    errors = [np.mean([expected_calibration_error(*coin(seed, n)) for seed in range(5)]) for n in (100, 2_500, 62_500)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.006


@pytest.mark.parametrize("right", [0, 50, 200])
def test_who_is_always_certain_errs_by_the_share_of_errors(right: int) -> None:
    labels = np.where(np.arange(200) < right, 3, 4).astype(np.uint8)
    always_3 = EYE[np.full(200, 3)]
    assert expected_calibration_error(always_3, labels) == pytest.approx(1 - right / 200)
    frame = reliability(always_3, labels)
    assert frame[["n", "confidence", "accuracy"]].to_numpy().tolist() == [[200, 1, right / 200]]


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_order_of_the_images_changes_nothing(seed: int) -> None:
    probabilities, labels = answers(seed, 80)
    mixed = np.random.default_rng(seed).permutation(80)
    np.testing.assert_allclose(
        reliability(probabilities, labels), reliability(probabilities[mixed], labels[mixed]), atol=1e-12
    )
    np.testing.assert_array_equal(coverage(probabilities, labels), coverage(probabilities[mixed], labels[mixed]))
    assert fit_temperature(probabilities[mixed], labels[mixed]) == pytest.approx(fit_temperature(probabilities, labels))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_a_reader_is_found_again(temperature: float) -> None:
    probabilities, labels = answers(1, 20_000, temperature)
    found = fit_temperature(probabilities, labels)
    assert found == pytest.approx(temperature, rel=0.04)
    cooled = with_temperature(probabilities, found)
    assert expected_calibration_error(cooled, labels) < 0.012
    if temperature != 1:
        assert expected_calibration_error(probabilities, labels) > 0.05


@pytest.mark.parametrize("seed", range(3))
def test_no_other_temperature_has_less_loss(seed: int) -> None:
    probabilities, labels = answers(seed, 300, 1.7)

    def loss(temperature: float) -> float:
        return log_loss(labels, with_temperature(probabilities, temperature), labels=range(10))

    found = fit_temperature(probabilities, labels)
    assert all(loss(found) <= loss(other) + 1e-12 for other in np.geomspace(COLDEST * 10, HOTTEST, 30))
    assert found == pytest.approx(minimize(lambda x: loss(x[0]), [1.0], method="Nelder-Mead").x[0], rel=1e-3)


@settings(max_examples=50, deadline=None)
@given(seeds, st.floats(COLDEST, HOTTEST))
def test_no_temperature_changes_the_digit_read(seed: int, temperature: float) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(10, 10 ** rng.uniform(-2, 6)), 50).astype(np.float32)
    changed = with_temperature(probabilities, temperature)
    np.testing.assert_allclose(changed.sum(axis=1), 1)
    np.testing.assert_array_equal(changed.argmax(axis=1), probabilities.argmax(axis=1))
    assert (np.diff(np.take_along_axis(changed, probabilities.argsort(axis=1), axis=1), axis=1) >= 0).all()


def test_two_nearly_equal_digits_keep_their_order_when_it_is_hot() -> None:
    close = np.float32(0.5)
    probabilities = np.array([[close, np.nextafter(close, np.float32(1)), *[0] * 8]], np.float32)
    assert with_temperature(probabilities, HOTTEST).argmax() == 1


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_temperature_1_changes_nothing_and_two_in_a_row_multiply(seed: int) -> None:
    probabilities, _ = answers(seed, 50)
    np.testing.assert_allclose(with_temperature(probabilities, 1), probabilities, rtol=1e-5, atol=1e-30)
    twice = with_temperature(with_temperature(probabilities, 2), 1.5)
    np.testing.assert_allclose(twice, with_temperature(probabilities, 3), rtol=1e-9)


def test_heat_takes_confidence_and_cold_gives_it() -> None:
    probabilities, _ = answers(0)
    confidences = [with_temperature(probabilities, t).max(axis=1).mean() for t in (0.1, 0.5, 1, 2, 10, 100)]
    assert (np.diff(confidences) < 0).all()


def test_what_has_no_best_temperature_gets_one_within_the_ends() -> None:
    labels = np.arange(100, dtype=np.uint8) % 10
    always_3 = EYE[np.full(100, 3)]
    everything_right = 0.9 * EYE[labels] + np.float32(0.01)
    assert fit_temperature(always_3, labels) == pytest.approx(HOTTEST, rel=0.01)
    assert fit_temperature(1 - EYE[labels] / np.float32(2), labels) == pytest.approx(HOTTEST, rel=0.01)
    assert COLDEST <= fit_temperature(everything_right, labels) < 0.15
    assert COLDEST <= fit_temperature(EYE[labels], labels) < HOTTEST
    assert COLDEST <= fit_temperature(everything_right[:1], labels[:1]) < 0.15


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_what_is_no_temperature_is_told(temperature: float) -> None:
    with pytest.raises(EvaluationError, match="above 0"):
        with_temperature(EYE, temperature)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 200))
def test_coverage_is_that_of_a_plain_loop_and_only_falls(seed: int, n: int) -> None:
    probabilities, labels = answers(seed, n)
    frame = coverage(probabilities, labels)
    assert frame["threshold"].to_numpy().tolist() == THRESHOLDS.tolist()
    for row in frame.iloc[::7].itertuples():
        answered = [i for i in range(n) if float(probabilities[i].max()) >= row.threshold]
        errors = sum(int(probabilities[i].argmax() != labels[i]) for i in answered)
        assert (row.n, row.errors, row.coverage) == (len(answered), errors, pytest.approx(len(answered) / n))
        if answered:
            expected = binomtest(errors, len(answered)).proportion_ci(0.95, method="wilson")
            assert row.error == pytest.approx(errors / len(answered))
            assert (row.error_low, row.error_high) == pytest.approx((expected.low, expected.high), abs=1e-6)
        else:
            assert np.isnan(row.error)
            assert (row.error_low, row.error_high) == (0, 1)
    assert frame["coverage"].is_monotonic_decreasing
    assert frame["errors"].is_monotonic_decreasing
    assert frame["coverage"][0] == 1


def test_thresholds_rise_from_0_to_1_finer_towards_1() -> None:
    steps = np.diff(THRESHOLDS)
    assert (THRESHOLDS[0], THRESHOLDS[-1]) == (0, 1)
    assert (steps > 0).all()
    assert steps.max() == pytest.approx(0.01)
    assert (THRESHOLDS > 0.999).sum() > 20


def test_a_certainty_of_exactly_1_is_answered_at_every_threshold() -> None:
    frame = coverage(EYE[[3, 3]] * np.float32(1.000001), np.array([3, 4], np.uint8))
    assert frame["n"].unique().tolist() == [2]
    assert frame["error"].unique().tolist() == [0.5]


def test_what_is_rejected_is_answered_at_no_threshold() -> None:
    probabilities, labels = EYE[[3, 3, 4]], np.array([3, 4, 4], np.uint8)
    frame = coverage(probabilities, labels, np.array([False, True, False]))
    assert frame["n"].unique().tolist() == [2]
    assert frame["errors"].unique().tolist() == [0]
    assert frame["coverage"].unique().tolist() == [pytest.approx(2 / 3)]


@pytest.mark.parametrize("n", [100, 2_000])
def test_the_error_by_chance_is_that_of_labels_drawn_as_it_says(n: int) -> None:
    probabilities = np.random.default_rng(n).dirichlet(np.full(10, 0.1), n)
    rng = np.random.default_rng(1)
    drawn = [
        expected_calibration_error(probabilities, np.array([rng.choice(10, p=row) for row in probabilities], np.uint8))
        for _ in range(60)
    ]
    spread = np.std(drawn) * (1 / 60 + 1 / TIMES) ** 0.5
    assert calibration_error_by_chance(probabilities) == pytest.approx(np.mean(drawn), abs=4 * spread)


def test_who_is_certain_leaves_nothing_to_chance() -> None:
    assert calibration_error_by_chance(np.eye(10, dtype=np.float32)) == 0


@pytest.mark.parametrize("figure", [reliability, expected_calibration_error, fit_temperature, coverage])
def test_what_cannot_be_measured_is_told(figure: Callable[..., Any]) -> None:
    with pytest.raises(EvaluationError, match="nan for image 2"):
        figure(np.where(np.arange(10)[:, None] == 2, np.nan, EYE), np.arange(10))
    with pytest.raises(EvaluationError, match="at least one"):
        figure(EYE[:0], np.empty(0, np.uint8))


def bin_of(place: int, n: int, right: int) -> Bin:
    return Bin(
        low=place / 100,
        high=(place + 1) / 100,
        n=n,
        confidence=place / 100,
        accuracy=right / n,
        accuracy_low=0,
        accuracy_high=1,
    )


@given(st.lists(st.integers(1, 40), max_size=15), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_pooled_bins_are_full_and_hold_what_the_bins_held(counts: list[int], fewest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bins = [bin_of(place, n, int(rng.integers(0, n + 1))) for place, n in enumerate(counts)]
    pooled = pool(bins[::-1], fewest)
    assert sum(one.n for one in pooled) == sum(counts)
    for of in ("accuracy", "confidence"):
        held, whole = (sum(one.n * getattr(one, of) for one in some) for some in (pooled, bins))
        assert held == pytest.approx(whole)
    assert all(one.n >= fewest for one in pooled) or len(pooled) == 1
    assert [(one.low, one.high) for one in pooled[:1]] == [(bins[0].low, pooled[0].high) for _ in pooled[:1]]
    assert all(one.high == other.low for one, other in pairwise(pooled))


def test_pooling_joins_no_more_than_it_must() -> None:
    parts = [bin_of(3, 20, 10), bin_of(4, 7, 7), bin_of(5, 14, 7), bin_of(6, 3, 3)]
    assert [one.n for one in pool(parts, 20)] == [20, 24]
    assert [one.n for one in pool(parts, 1)] == [20, 7, 14, 3]
    assert [one.n for one in pool(parts, 100)] == [44]
    assert pool([], 20) == []
    (low, high), (one, _) = wilson_interval(17, 24), pool(parts, 20)[::-1]
    assert (one.accuracy_low, one.accuracy_high) == pytest.approx((low, high))
