import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitrec.datasets.exploration.properties import measure_images
from digitrec.errors import EvaluationError
from digitrec.evaluation.predictions import ORDERS, WHICH, Filter, find, list_mistakes, tabulate, worst_first

EYE = np.eye(10, dtype=np.float32)
N = 60
RNG = np.random.default_rng(5)
LABELS = RNG.integers(0, 10, N).astype(np.uint8)
WRITERS = RNG.integers(0, 4, N)
PROBABILITIES = RNG.dirichlet(np.full(10, 0.3), N).astype(np.float32)
PROBABILITIES[: N // 2] = 0.7 * np.eye(10, dtype=np.float32)[LABELS[: N // 2]] + 0.3 * PROBABILITIES[: N // 2]
IMAGES = RNG.integers(0, 256, (N, 28, 28)).astype(np.uint8)
TABLE = tabulate(PROBABILITIES, LABELS, measure_images(IMAGES, LABELS), WRITERS)


def test_each_row_is_what_a_loop_finds() -> None:
    for place in range(N):
        row, mine = TABLE.iloc[place], PROBABILITIES[place].tolist()
        best = max(range(10), key=lambda digit: mine[digit])
        second = sorted(mine)[-2]
        assert (row["place"], row["label"], row["read"]) == (place, LABELS[place], best)
        assert row["right"] == (best == LABELS[place])
        assert row["confidence"] == pytest.approx(mine[best])
        assert row["margin"] == pytest.approx(mine[best] - second, abs=1e-6)
        assert row["loss"] == pytest.approx(-np.log(mine[LABELS[place]]), rel=1e-5)
        assert row["writer"] == WRITERS[place]
        assert row["ink"] == pytest.approx(IMAGES[place].mean() / 255, rel=1e-4)


@given(
    st.sampled_from(WHICH),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 4),
    st.sampled_from(list(ORDERS)),
)
def test_what_is_found_is_what_numpy_says(
    which: str, label: int | None, read: int | None, writer: int | None, order: str
) -> None:
    places = find(TABLE, Filter(which, label, read, writer, order=order))
    answered = PROBABILITIES.argmax(axis=1)
    belongs = {"wrong": answered != LABELS, "right": answered == LABELS, "all": np.ones(N, bool)}[which]
    for values, value in ((LABELS, label), (answered, read), (WRITERS, writer)):
        if value is not None:
            belongs = belongs & (values == value)
    assert sorted(places.tolist()) == np.flatnonzero(belongs).tolist()
    column, largest_first = ORDERS[order]
    values = TABLE[column].to_numpy()[places]
    assert (np.diff(values) <= 0).all() if largest_first else (np.diff(values) >= 0).all()


def test_limits_are_kept() -> None:
    middle = float(TABLE["ink"].median())
    places = find(TABLE, Filter("all", ink=(0.0, middle), slant=(-90.0, 90.0)))
    assert set(places) == set(np.flatnonzero(TABLE["ink"] <= middle))


def test_writers_may_be_unknown_and_probabilities_must_be_some() -> None:
    properties = measure_images(IMAGES, LABELS)
    assert (tabulate(PROBABILITIES, LABELS, properties)["writer"] == -1).all()
    broken = PROBABILITIES.copy()
    broken[3, 3] = np.nan
    with pytest.raises(EvaluationError):
        tabulate(broken, LABELS, properties)
    assert isinstance(TABLE, pd.DataFrame)


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


def test_mistakes_are_listed_with_all_that_was_read() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 50).astype(np.float32)
    labels = rng.integers(0, 10, 50).astype(np.uint8)
    frame = list_mistakes(probabilities, labels)
    assert list(frame) == ["place", "label", "read", "confidence", "label_probability", *(f"p{i}" for i in range(10))]
    assert frame["place"].tolist() == worst_first(probabilities, labels).tolist()
    for row in frame.itertuples():
        shares = probabilities[row.place]
        assert (row.label, row.read) == (labels[row.place], shares.argmax())
        assert (row.confidence, row.label_probability) == (shares.max(), shares[row.label])
        assert list(row[-10:]) == shares.tolist()
    assert len(list_mistakes(EYE, np.arange(10, dtype=np.uint8))) == 0
