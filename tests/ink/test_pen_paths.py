from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets.synthetic.stroke_variation import Variation, vary_strokes
from digitrec.errors import InkError
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path

NOTHING = Variation(**{field.name: 0.0 for field in fields(Variation)})
places = st.tuples(*[st.floats(-500, 500, width=32)] * 2)
lines = st.lists(places, min_size=1, max_size=40).map(lambda points: np.array(points, np.float32))
drawings = st.lists(lines, min_size=1, max_size=6)


def sampled(line: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Points evenly along a line, by walking it."""
    lengths = [0.0]
    for before, after in pairwise(line):
        lengths.append(lengths[-1] + float(np.hypot(*(after - before))))
    found = []
    for wished in np.linspace(0, lengths[-1], count):
        k = max(i for i, length in enumerate(lengths) if length <= wished + 1e-9)
        if k + 1 == len(line):
            found.append(line[-1])
            continue
        share = (wished - lengths[k]) / max(lengths[k + 1] - lengths[k], 1e-12)
        found.append(line[k] + share * (line[k + 1] - line[k]))
    return np.array(found)


def test_a_line_is_sampled_evenly_by_its_length() -> None:
    line = np.array([(0, 0), (30, 0), (30, 40), (90, 40)], float)
    path = to_path([line])
    expected = (sampled(line, POINTS) - (45, 20)) / 45
    np.testing.assert_allclose(path[:, :2], expected, atol=1e-5)
    assert path[0, 4] == 1
    assert path[1:, 4].max() == 0


def test_directions_point_along_the_pen() -> None:
    path = to_path([np.array([(0, 0), (0, 100)], float)])
    np.testing.assert_allclose(path[:, 2:4], np.tile((0, 1), (POINTS, 1)), atol=1e-6)
    back = to_path([np.array([(0, 100), (0, 0)], float)])
    np.testing.assert_allclose(back[:, 2:4], np.tile((0, -1), (POINTS, 1)), atol=1e-6)


def test_strokes_get_points_by_their_length_and_a_dot_gets_one() -> None:
    strokes = [np.array([(0, 0), (300, 0)], float), np.array([(50, 50)], float), np.array([(0, 90), (100, 90)], float)]
    path = to_path(strokes)
    starts = np.flatnonzero(path[:, 4])
    counts = np.diff([*starts, POINTS])
    assert counts.tolist()[1] == 1
    assert counts[0] == pytest.approx(3 * counts[2], abs=4)
    np.testing.assert_array_equal(path[starts[1], 2:4], 0)


@given(drawings)
def test_a_path_is_finite_fits_its_box_and_has_a_start_for_each_stroke(strokes: list[NDArray[np.float32]]) -> None:
    path = to_path(strokes)
    assert path.shape == (POINTS, FEATURES)
    assert path.dtype == np.float32
    assert np.isfinite(path).all()
    assert np.abs(path[:, :2]).max() <= 1 + 1e-4
    assert np.hypot(*path[:, 2:4].T).max() <= 1 + 1e-4
    assert path[:, 4].sum() == len(strokes)


@given(drawings, st.floats(0.1, 10), st.tuples(st.floats(-300, 300), st.floats(-300, 300)))
def test_size_and_place_do_not_matter(
    strokes: list[NDArray[np.float32]], scale: float, move: tuple[float, float]
) -> None:
    if np.ptp(np.concatenate(strokes), axis=0).max() < 1:
        return
    lengths = [np.hypot(*np.diff(line, axis=0).T).sum() for line in strokes]
    if min(lengths) < 1 and len(strokes) > 1:  # the share of a very short stroke may round either way
        return
    moved = [line.astype(np.float64) * scale + move for line in strokes]
    np.testing.assert_allclose(to_path(moved)[:, :2], to_path(strokes)[:, :2], atol=2e-2)


def test_speed_does_not_matter() -> None:
    few = np.array([(0, 0), (40, 80), (90, 20)], float)
    many = np.concatenate([np.linspace(few[0], few[1], 60), np.linspace(few[1], few[2], 7)[1:]])
    np.testing.assert_allclose(to_path([many]), to_path([few]), atol=0.35)  # directions turn at the corner
    np.testing.assert_allclose(to_path([many])[:, :2], to_path([few])[:, :2], atol=1e-5)


@pytest.mark.parametrize("strokes", [[], [np.empty((0, 2))], [np.zeros((2, 2))] * (POINTS + 1)])
def test_none_and_too_many_strokes_are_refused(strokes: list[NDArray[np.float64]]) -> None:
    with pytest.raises(InkError, match="Expected 1 to 64 strokes"):
        to_path(strokes)


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
