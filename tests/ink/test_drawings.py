import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.errors import DrawingError
from digitrec.ink.drawings import CANVAS, Drawing, Stroke, place_strokes, render
from digitrec.ink.links import to_link
from tests.ink.drawn import HOOK, Points, distance_to_line, stroke

EDGE = 0.8  # pixels: where a smooth edge may be neither ink nor paper


def places_around(points: Points) -> NDArray[np.int64]:
    rng = np.random.default_rng(0)
    near = rng.choice(points, 700) + rng.normal(0, 12, (700, 2))
    return np.concatenate([rng.integers(0, CANVAS, (800, 2)), np.clip(near, 0, CANVAS - 1).astype(int)])


@pytest.mark.parametrize("width", [6, 15, 32])
@pytest.mark.parametrize(
    "points",
    [((140, 140),), ((30, 200), (250, 90)), ((40, 40), (40, 240)), HOOK],
    ids=["dot", "slope", "upright", "hook"],
)
def test_ink_is_where_the_pen_was_near(points: tuple[tuple[float, float], ...], width: float) -> None:
    picture = render(Drawing((stroke(*points, width=width),)))
    places = places_around(np.array(points, np.float32))
    distance = distance_to_line(np.array(points, np.float32), places + 0.5)
    seen = picture[places[:, 1], places[:, 0]]
    inside, outside = distance < width / 2 - EDGE, distance > width / 2 + EDGE
    assert inside.any()
    assert (seen[inside] == 255).all()
    assert (seen[outside] == 0).all()


def test_picture_is_grey_uint8_and_empty_without_strokes() -> None:
    picture = render(Drawing())
    assert picture.shape == (CANVAS, CANVAS)
    assert picture.dtype == np.uint8
    assert picture.max() == 0


def test_edges_are_smooth_only_when_oversampled() -> None:
    drawing = Drawing((stroke((50, 51), (200, 222)),))
    assert set(np.unique(render(drawing, oversampling=1))) == {0, 255}
    assert len(np.unique(render(drawing))) > 8


@pytest.mark.parametrize("size", [56, 140, 560])
def test_other_sizes_show_the_same_drawing(size: int) -> None:
    picture = render(Drawing((stroke((70, 70), (210, 140), width=28),)), size)
    assert picture.shape == (size, size)
    expected = render(Drawing((stroke((70, 70), (210, 140), width=28),)))
    assert picture.mean() == pytest.approx(expected.mean(), rel=0.03)
    half = np.array([140, 105]) * size // CANVAS
    assert picture[half[1], half[0]] == 255


def test_ink_beyond_the_canvas_is_cut_off() -> None:
    picture = render(Drawing((stroke((-500, 140), (900, 140)),)))
    assert (picture[140] == 255).all()
    assert picture[:100].max() == 0


def test_eraser_takes_away_what_was_drawn_before_it_only() -> None:
    line, across = stroke((40, 140), (240, 140)), stroke((140, 40), (140, 240), erases=True)
    erased, drawn_over = render(Drawing((line, across))), render(Drawing((across, line)))
    assert erased[140, 140] == 0
    assert erased[140, 60] == 255
    np.testing.assert_array_equal(drawn_over, render(Drawing((line,))))


def test_paths_are_the_points_until_an_eraser_is_used() -> None:
    line, dot = stroke((1, 2), (3, 4)), stroke((5, 6))
    paths = Drawing((line, dot)).paths
    assert [path.tolist() for path in paths] == [[[1, 2], [3, 4]], [[5, 6]]]
    assert Drawing((line, stroke((5, 6), erases=True))).paths is None
    assert Drawing().paths == []


def test_a_drawing_is_true_when_it_has_strokes() -> None:
    assert Drawing((stroke((5, 6)),))
    assert not Drawing()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(*[st.floats(-500, 500, width=32)] * 2), min_size=2, max_size=5), min_size=1, max_size=3
    ),
    st.floats(4, 40),
    st.floats(50, 230),
    st.tuples(*[st.floats(-100, 400)] * 2),
)
def test_placed_ink_stays_on_the_canvas_and_in_shape(
    lines: list[list[tuple[float, float]]], width: float, side: float, centre: tuple[float, float]
) -> None:
    lines[0] += [(-500, 500), (500, -300)]
    before = np.concatenate([np.array(line) for line in lines])
    drawing = place_strokes([np.array(line, np.float32) for line in lines], width, side, centre)
    after = np.concatenate([one.points for one in drawing.strokes]).astype(float)
    assert after.min() >= width / 2
    assert after.max() <= CANVAS - width / 2
    assert np.ptp(after, axis=0).max() == pytest.approx(side, rel=1e-4)
    expected = (before - before[0]) * side / np.ptp(before, axis=0).max()
    np.testing.assert_allclose(after - after[0], expected, atol=0.01)
    assert {one.width for one in drawing.strokes} == {width}


def test_placed_ink_is_where_it_was_asked_for() -> None:
    drawing = place_strokes([np.array([[0, 0], [10, 5]])], 10, 100, (120, 170))
    np.testing.assert_allclose(drawing.strokes[0].points, [[70, 145], [170, 195]])


def test_ink_too_large_for_the_canvas_is_placed_in_its_middle() -> None:
    drawing = place_strokes([np.array([[0, 0], [10, 10]])], 10, 400, (0, 0))
    assert drawing.strokes[0].points.mean() == pytest.approx(CANVAS / 2)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_dot_is_placed_where_it_was_asked_for(kind: type) -> None:
    drawing = place_strokes([np.array([[301.3, 333.7]], kind)], 18, 150.0, (140, 140))
    np.testing.assert_allclose(drawing.strokes[0].points, [[140, 140]], atol=0.01)


def test_a_backdrop_is_drawn_on_and_erased_from() -> None:
    backdrop = np.zeros((28, 28), np.uint8)
    backdrop[4:24, 10:14] = 200
    plain = render(Drawing(backdrop=backdrop))
    np.testing.assert_array_equal(plain, np.kron(backdrop, np.ones((10, 10), np.uint8)))
    across = np.array([[0, 140], [280, 140]], np.float32)
    drawn = render(Drawing((Stroke(across, 20),), backdrop))
    assert drawn[140, 20] == 255
    erased = render(Drawing((Stroke(across, 20, erases=True),), backdrop))
    assert erased[140, 120] == 0
    assert erased[80, 120] == 200


def test_a_backdrop_leaves_no_paths_and_fits_no_link() -> None:
    drawing = Drawing((Stroke(np.array([[9, 9], [20, 20]], np.float32), 5),), np.zeros((28, 28), np.uint8))
    assert drawing
    assert drawing.paths is None
    with pytest.raises(DrawingError, match="image from the data"):
        to_link(drawing)
