from dataclasses import fields, replace

import numpy as np
import pytest

from digitrec.datasets.synthetic.stroke_variation import Variation, vary_strokes
from digitrec.ink.pen_paths import to_path

NOTHING = Variation(**{field.name: 0.0 for field in fields(Variation)})
TWO = [np.array([(0, 0), (10, 30), (20, 60), (25, 90), (30, 99)], float), np.array([(5, 40), (40, 45)], float)]


def test_without_any_change_strokes_stay_as_they_are() -> None:
    varied = vary_strokes(TWO, NOTHING, np.random.default_rng(0))
    for one, other in zip(varied, TWO, strict=True):
        np.testing.assert_allclose(one, other)


def test_the_same_seed_varies_the_same_way() -> None:
    one, same, other = (vary_strokes(TWO, Variation(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate(same))
    assert not np.allclose(to_path(one), to_path(other))


def test_order_and_direction_change_as_often_as_they_should() -> None:
    rng, n = np.random.default_rng(0), 2000
    swapped = broken = turned = 0
    for _ in range(n):
        order = vary_strokes(TWO, replace(NOTHING, reordered=0.5), rng)
        swapped += len(order[0]) == len(TWO[1])
        turned += bool(np.array_equal(vary_strokes(TWO, replace(NOTHING, reversed_=0.3), rng)[1], TWO[1][::-1]))
        parts = vary_strokes(TWO, replace(NOTHING, broken=0.4), rng)
        broken += len(parts) == 3
        assert sum(len(part) for part in parts) in (7, 8)
    assert swapped / n == pytest.approx(0.25, abs=0.04)  # half of the shuffles leave two strokes where they are
    assert turned / n == pytest.approx(0.3, abs=0.04)
    assert broken / n == pytest.approx(0.2, abs=0.04)  # the short stroke stays whole


def test_a_turn_keeps_lengths_and_a_stretch_keeps_heights() -> None:
    rng = np.random.default_rng(3)
    turned = vary_strokes(TWO, replace(NOTHING, degrees=30), rng)
    for one, other in zip(turned, TWO, strict=True):
        np.testing.assert_allclose(np.hypot(*np.diff(one, axis=0).T), np.hypot(*np.diff(other, axis=0).T))
    assert not np.allclose(turned[0], TWO[0])
    wider = vary_strokes(TWO, replace(NOTHING, stretch=0.5), rng)
    np.testing.assert_allclose(wider[0][:, 1], TWO[0][:, 1])
    slanted = vary_strokes(TWO, replace(NOTHING, slant=0.5), rng)
    np.testing.assert_allclose(slanted[0][:, 1], TWO[0][:, 1])
    assert not np.allclose(slanted[0][:, 0], TWO[0][:, 0])
