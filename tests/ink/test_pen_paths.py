from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.errors import InkError
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path

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
