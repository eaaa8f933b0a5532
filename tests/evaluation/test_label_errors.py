import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset
from digitrec.errors import EvaluationError
from digitrec.evaluation.label_errors import find_suspects, rank_doubts
from digitrec.networks.classifier import Classifier

COLUMNS = ["place", "label", "suggested", "self_confidence", "margin"]
EYE = np.eye(10, dtype=np.float32)


def right(labels: NDArray[np.uint8], seed: int = 0) -> NDArray[np.float32]:
    """Probabilities of a reader that is right throughout, and nearly certain of most."""
    rng = np.random.default_rng(seed)
    others = rng.dirichlet(np.ones(9), len(labels))
    probabilities = np.zeros((len(labels), 10))
    probabilities[np.arange(10) != labels[:, None]] = others.ravel()
    sure = 1 - 10 ** rng.uniform(-6, -1.5, (len(labels), 1))
    return (probabilities * (1 - sure) + EYE[labels] * sure).astype(np.float32)


def plant(labels: NDArray[np.uint8], n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The labels with n of them wrong, and the places of these."""
    rng = np.random.default_rng(seed)
    places = rng.choice(len(labels), n, replace=False)
    changed = labels.copy()
    changed[places] = (labels[places] + rng.integers(1, 10, n)) % 10
    return changed, places


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.integers(1, 10))
def test_suspects_are_those_of_plain_loops(seed: int, n: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(10, 0.5), n).astype(np.float32)
    labels = rng.integers(0, kinds, n).astype(np.uint8)
    thresholds = {}
    for digit in set(labels.tolist()):
        own = [float(probabilities[i, digit]) for i in range(n) if labels[i] == digit]
        thresholds[digit] = sum(own) / len(own)
    expected = {}
    for i in range(n):
        credible = [digit for digit, least in thresholds.items() if probabilities[i, digit] >= least - 1e-6]
        best = max(credible, key=lambda digit: probabilities[i, digit], default=labels[i])
        if best != labels[i]:
            expected[i] = best
    frame = find_suspects(labels, probabilities)
    assert dict(zip(frame["place"], frame["suggested"], strict=True)) == expected
    for row in frame.itertuples():
        own, other = probabilities[row.place, [row.label, row.suggested]].tolist()
        assert row.label == labels[row.place]
        assert (row.self_confidence, row.margin) == pytest.approx((own, other - own))
    assert frame["margin"].is_monotonic_decreasing


@pytest.mark.parametrize("seed", range(5))
def test_a_single_wrong_label_comes_first(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 10, 400).astype(np.uint8)
    changed, (place,) = plant(labels, 1, seed)
    probabilities = right(labels, seed)
    probabilities[place] = 0.0001 + 0.999 * EYE[labels[place]]
    first = find_suspects(changed, probabilities).iloc[0]
    assert (first["place"], first["label"], first["suggested"]) == (place, changed[place], labels[place])


def test_a_wrong_label_of_an_image_less_clear_than_its_like_is_let_go() -> None:
    labels = np.arange(400, dtype=np.uint8) % 10
    probabilities = right(labels)
    probabilities[7] = 0.02 + 0.8 * EYE[7]
    labels[7] = 1
    assert 7 not in find_suspects(labels, probabilities)["place"].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_wrong_labels_are_found_where_the_reader_errs_too(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 10, 10_000).astype(np.uint8)
    unclear = plant(labels, 300, seed + 10)[0]
    probabilities = (0.45 * right(labels, seed) + 0.55 * right(unclear, seed)).astype(np.float32)
    changed, places = plant(labels, 100, seed)
    first = find_suspects(changed, probabilities)["place"][:200]
    assert np.isin(places, first).sum() >= 90  # measured with 30 seeds: 93 to 100


def test_wrong_labels_in_mnist_are_found(mnist: Dataset, classifier: Classifier) -> None:
    labels = mnist.test.labels
    probabilities = classifier.predict_proba(mnist.test.images)
    found = []
    for seed in range(6):
        changed, places = plant(labels, 100, seed)
        frame = find_suspects(changed, probabilities)
        found.append(int(np.isin(places, frame["place"][:200]).sum()))
        assert len(frame) < 120
    assert min(found) >= 92  # measured: 95 to 98
    assert len(find_suspects(labels, probabilities)) < 10


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_images_changes_nothing_but_places(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, probabilities = rng.integers(0, 10, 60).astype(np.uint8), rng.dirichlet(np.ones(10), 60).astype(np.float32)
    mixed = rng.permutation(60)
    frame, other = find_suspects(labels, probabilities), find_suspects(labels[mixed], probabilities[mixed])
    other["place"] = mixed[other["place"]]
    np.testing.assert_allclose(other, frame)


def test_equals_stay_in_their_order() -> None:
    labels = np.arange(200, dtype=np.uint8) % 2
    read = np.where(np.arange(200) % 5 == 0, 1 - labels, labels)
    assert find_suspects(labels, EYE[read])["place"].tolist() == list(range(0, 200, 5))


def test_the_last_digits_of_float32_decide_nothing() -> None:
    probabilities = EYE[[1, 1, 1, 0, 0]] * np.float32(0.9)
    probabilities[1, 1] = np.nextafter(np.float32(0.9), np.float32(1))
    assert find_suspects(np.array([1, 1, 0, 0, 0], np.uint8), probabilities)["place"].tolist() == [2]


@pytest.mark.parametrize("labels", [[3], [3] * 20, list(range(10)) * 3], ids=["one", "one digit", "all right"])
@pytest.mark.parametrize("sure", [1.0, 0.9, 0.7])
def test_nobody_is_suspect_where_everything_is_right(labels: list[int], sure: float) -> None:
    probabilities = (EYE[labels] * (sure - (1 - sure) / 9) + (1 - sure) / 9).astype(np.float32)
    frame = find_suspects(np.array(labels, np.uint8), probabilities)
    assert len(frame) == 0
    assert list(frame) == COLUMNS


def test_a_digit_that_no_label_names_is_not_suggested() -> None:
    labels = np.array([3, 3, 3, 4], np.uint8)
    assert find_suspects(labels, EYE[[3, 3, 7, 4]])["place"].tolist() == []


def test_who_always_says_3_suspects_all_others() -> None:
    labels = np.arange(40, dtype=np.uint8) % 10
    frame = find_suspects(labels, EYE[np.full(40, 3)])
    assert frame["place"].tolist() == [i for i in range(40) if i % 10 != 3]
    assert set(frame["suggested"]) == {3}


def test_what_cannot_be_judged_is_told() -> None:
    with pytest.raises(EvaluationError, match="at least one"):
        find_suspects(np.empty(0, np.uint8), EYE[:0])
    with pytest.raises(EvaluationError, match=r"0 to 9\. Received: 10"):
        find_suspects(np.array([10], np.uint8), EYE[:1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whatever_is_read_otherwise_can_be_judged_after_the_suspects(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, probabilities = rng.integers(0, 10, 60).astype(np.uint8), rng.dirichlet(np.ones(10), 60).astype(np.float32)
    doubts, suspects = rank_doubts(labels, probabilities), find_suspects(labels, probabilities)
    np.testing.assert_allclose(doubts[doubts["is_suspect"]][COLUMNS], suspects)
    rest = doubts[~doubts["is_suspect"].astype(bool)]
    wrong = set(np.flatnonzero(probabilities.argmax(axis=1) != labels).tolist())
    assert set(rest["place"]) == wrong - set(suspects["place"])
    assert rest["margin"].is_monotonic_decreasing
    assert doubts["is_suspect"].is_monotonic_decreasing
