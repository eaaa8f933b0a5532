import numpy as np
import pytest

from digitrec.charts.calibration import reliability_curves
from digitrec.evaluation.calibration import Bin, pool, reliability, to_frame

LABELS = np.arange(500, dtype=np.uint8) % 10
PROBABILITIES = 0.6 * np.eye(10)[LABELS] + 0.4 * np.random.default_rng(0).dirichlet(np.full(10, 0.2), 500)
BINS = (
    Bin(low=0.4, high=0.5, n=20, confidence=0.45, accuracy=0.3, accuracy_low=0.1, accuracy_high=0.6),
    Bin(low=0.9, high=1, n=980, confidence=0.99, accuracy=0.98, accuracy_low=0.97, accuracy_high=0.99),
)
TABLE = to_frame(BINS)


def test_a_reliability_curve_is_its_table() -> None:
    table = reliability(PROBABILITIES, LABELS)
    curve, other, diagonal = reliability_curves({"as it is": table, "other": table.head(2)}).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 100]
    np.testing.assert_allclose(curve.x, 100 * table["confidence"])
    np.testing.assert_allclose(np.add(curve.y, curve.error_y.array), 100 * table["accuracy_high"])
    np.testing.assert_allclose(np.subtract(curve.y, curve.error_y.arrayminus), 100 * table["accuracy_low"])
    assert len(other.x) == 2
    assert (curve.name, other.name) == ("as it is", "other")
    assert curve.marker.symbol != other.marker.symbol


def test_the_bins_of_a_card_are_drawn_as_they_are_and_more_answers_are_a_larger_dot() -> None:
    curve = reliability_curves({"pens": TABLE}).data[0]
    assert list(curve.x) == pytest.approx([45, 99])
    assert list(curve.y) == pytest.approx([30, 98])
    assert curve.y[0] + curve.error_y.array[0] == pytest.approx(60)
    assert curve.y[0] - curve.error_y.arrayminus[0] == pytest.approx(10)
    assert curve.marker.size[0] < curve.marker.size[1]


def test_pooled_bins_are_drawn_as_fewer_dots() -> None:
    few = [
        Bin(low=low, high=low + 0.1, n=n, confidence=low, accuracy=right / n, accuracy_low=0, accuracy_high=1)
        for low, n, right in ((0.3, 1, 0), (0.5, 1, 1), (0.6, 19, 12), (0.9, 700, 699))
    ]
    curve = reliability_curves({"pens": to_frame(pool(few, 20))}).data[0]
    assert list(curve.customdata) == [21, 700]
    assert curve.y[0] == pytest.approx(100 * 13 / 21)


def test_a_long_name_is_wrapped_in_the_legend_which_makes_room() -> None:
    long = "Pen digits of six held-out writers, second half, with pen path"
    short, wrapped = (reliability_curves({name: TABLE}) for name in ("pens", long))
    assert wrapped.data[0].name.replace("<br>", " ") == long
    assert max(map(len, wrapped.data[0].name.split("<br>"))) <= 40
    assert wrapped.layout.height > short.layout.height
