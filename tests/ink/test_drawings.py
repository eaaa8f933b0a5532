import base64
import json
import tracemalloc
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.errors import DrawingError
from digitrec.ink.drawings import CANVAS, MAX_POINTS, MAX_STROKES, MAX_WIDTH, REACH, Drawing, Stroke, place, render
from digitrec.ink.links import MAX_LINK, from_link, simplify, to_link

Points = NDArray[np.float32]
EDGE = 0.8  # pixels: where a smooth edge may be neither ink nor paper
HOOK = ((60, 60), (200, 70), (120, 210), (125, 120))
coordinates = st.integers(0, CANVAS)
lines = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12)
strokes = st.builds(
    lambda points, width, erases: Stroke(np.array(points, np.float32), width, erases),
    lines,
    st.integers(1, MAX_WIDTH).map(float),
    st.booleans(),
)


def stroke(*points: tuple[float, float], width: float = 16, erases: bool = False) -> Stroke:
    return Stroke(np.array(points, np.float32), width, erases)


def distance_to_line(points: Points, places: NDArray[np.float64]) -> NDArray[np.float64]:
    nearest = np.full(len(places), np.inf)
    for start, end in pairwise([points[0], *points]):
        along = (end - start).astype(float)
        length = along @ along
        for index, spot in enumerate(places):
            share = min(max((spot - start) @ along / length, 0), 1) if length else 0
            nearest[index] = min(nearest[index], np.linalg.norm(spot - start - share * along))
    return nearest


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
    drawing = place([np.array(line, np.float32) for line in lines], width, side, centre)
    after = np.concatenate([one.points for one in drawing.strokes]).astype(float)
    assert after.min() >= width / 2
    assert after.max() <= CANVAS - width / 2
    assert np.ptp(after, axis=0).max() == pytest.approx(side, rel=1e-4)
    expected = (before - before[0]) * side / np.ptp(before, axis=0).max()
    np.testing.assert_allclose(after - after[0], expected, atol=0.01)
    assert {one.width for one in drawing.strokes} == {width}


def test_placed_ink_is_where_it_was_asked_for() -> None:
    drawing = place([np.array([[0, 0], [10, 5]])], 10, 100, (120, 170))
    np.testing.assert_allclose(drawing.strokes[0].points, [[70, 145], [170, 195]])


def test_ink_too_large_for_the_canvas_is_placed_in_its_middle() -> None:
    drawing = place([np.array([[0, 0], [10, 10]])], 10, 400, (0, 0))
    assert drawing.strokes[0].points.mean() == pytest.approx(CANVAS / 2)


def without_rests(points: Points) -> list[list[float]]:
    kept = [points[0].tolist()]
    for point in points[1:].tolist():
        if point != kept[-1]:
            kept.append(point)
    return kept


@settings(max_examples=50, deadline=None)
@given(st.lists(strokes, max_size=6))
def test_a_drawing_comes_back_from_its_link(drawn: list[Stroke]) -> None:
    back = from_link(to_link(Drawing(tuple(drawn)))).strokes
    assert [one.points.tolist() for one in back] == [without_rests(one.points) for one in drawn]
    assert [(one.width, one.erases) for one in back] == [(one.width, one.erases) for one in drawn]
    assert all(one.points.dtype == np.float32 for one in back)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, CANVAS, width=32)] * 2), min_size=1, max_size=30))
def test_a_link_moves_no_point_by_more_than_half_a_pixel(points: list[tuple[float, float]]) -> None:
    (back,) = from_link(to_link(Drawing((stroke(*points),)))).strokes
    for spot in points:
        assert np.abs(back.points - np.array(spot)).max(axis=1).min() <= 0.5001


def test_a_link_can_stand_in_an_address() -> None:
    rng = np.random.default_rng(0)
    text = to_link(Drawing((stroke(*rng.integers(0, CANVAS, (300, 2)).tolist()),)))
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert {"-", "_"} & set(text)


def test_a_drawing_too_long_for_a_link_is_refused_with_the_rule() -> None:
    noise = np.random.default_rng(0).integers(0, CANVAS, (5000, 2)).tolist()
    with pytest.raises(DrawingError, match=f"at most {MAX_LINK} characters. Received: .* Draw it with fewer strokes"):
        to_link(Drawing((stroke(*noise),)))


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")


def link_of(value: object) -> str:
    return packed(json.dumps(value).encode())


GOOD_ROW = [12, 0, 100, 100, 5, 5]

BROKEN = {
    "empty": "",
    "no base64": "!!!!",
    "one character": "A",
    "space inside": link_of([GOOD_ROW])[:9] + " " + link_of([GOOD_ROW])[9:],
    "not ASCII": "zeichnung-ü",
    "other alphabet": "\u0663" * 8,
    "no zlib": base64.urlsafe_b64encode(b"hello world").decode(),
    "preset dictionary": base64.urlsafe_b64encode(b"\x78\xbb" + b"\0" * 20).decode().rstrip("="),
    "no JSON": packed(b"hello"),
    "no UTF-8": packed(b"\xff\xfe\xfd"),
    "nothing inside": packed(b""),
    "half a list": packed(b"[[12,0,100,100"),
    "deep": packed(b"[" * 100_000),
    "huge number": packed(b"[[12,0,1" + b"0" * 5000 + b",5]]"),
    "object": link_of({"strokes": [GOOD_ROW]}),
    "number": link_of(7),
    "text": link_of("drawing"),
    "null": link_of(None),
    "row is a number": link_of([7]),
    "row is text": link_of(["12,0,100,100"]),
    "row is an object": link_of([{"width": 12}]),
    "row in a row": link_of([[12, 0, [100], 100]]),
    "no points": link_of([[12, 0]]),
    "half a point": link_of([[12, 0, 100]]),
    "odd": link_of([[12, 0, 100, 100, 5]]),
    "fraction": link_of([[12, 0, 100.5, 100]]),
    "whole float": link_of([[12.0, 0, 100, 100]]),
    "bool eraser": link_of([[12, True, 100, 100]]),
    "bool point": link_of([[12, 0, True, 100]]),
    "NaN": packed(b"[[12,0,NaN,100]]"),
    "infinity": packed(b"[[12,0,100,Infinity]]"),
    "null point": link_of([[12, 0, None, 100]]),
    "text point": link_of([[12, 0, "1", 100]]),
    "eraser of 2": link_of([[12, 2, 100, 100]]),
    "no width": link_of([[0, 0, 100, 100]]),
    "negative width": link_of([[-5, 0, 100, 100]]),
    "wide": link_of([[MAX_WIDTH + 1, 0, 100, 100]]),
    "far left": link_of([[12, 0, -REACH - 1, 100]]),
    "far down": link_of([[12, 0, 100, REACH + 1]]),
    "wandering off": link_of([[12, 0, 0, 0, *[1000, 0] * 6]]),
    "leap": link_of([[12, 0, 0, 0, 10**30, 0]]),
    "many strokes": link_of([GOOD_ROW] * (MAX_STROKES + 1)),
    "many points": link_of([[12, 0, *[0, 0] * MAX_POINTS]]),
    "good and bad": link_of([GOOD_ROW, [12, 0]]),
    "huge text": "A" * (MAX_LINK + 1),
    "enormous text": "A" * 10_000_000,
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_link_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(DrawingError, match=r"Expected the drawing .* Received: .* Ask for the link again"):
        from_link(text)


def test_the_row_that_the_broken_ones_were_made_from_is_good() -> None:
    assert from_link(link_of([GOOD_ROW] * MAX_STROKES)).strokes[-1].points.tolist() == [[100, 100], [105, 105]]


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = packed(b"[[12,0" + b",0" * 1_800_000 + b"]]")
    assert len(bomb) < MAX_LINK
    tracemalloc.start()
    with pytest.raises(DrawingError):
        from_link(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


HOOK_LINK = to_link(Drawing((Stroke(np.array(HOOK, np.float32), 14.0),)))


@pytest.mark.parametrize("kept", range(len(HOOK_LINK)))
def test_a_link_cut_short_is_refused_or_loses_nothing(kept: int) -> None:
    try:
        (back,) = from_link(HOOK_LINK[:kept]).strokes
    except DrawingError:
        return
    assert kept > len(HOOK_LINK) - 8  # the checksum at the end may go, the drawing may not
    np.testing.assert_array_equal(back.points, HOOK)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(HOOK_LINK) - 1), st.sampled_from("AZaz09-_"))
def test_a_link_with_one_letter_changed_is_refused_or_loses_nothing(index: int, letter: str) -> None:
    try:
        (back,) = from_link(HOOK_LINK[:index] + letter + HOOK_LINK[index + 1 :]).strokes
    except DrawingError:
        return
    np.testing.assert_array_equal(back.points, HOOK)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_drawing_or_a_drawing_error(text: str) -> None:
    try:
        assert isinstance(from_link(text), Drawing)
    except DrawingError as error:
        assert "Ask for the link again" in str(error)  # noqa: PT017  most texts are refused, not all


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 280, width=32)] * 2), min_size=1, max_size=40), st.floats(0, 30))
def test_simplified_line_passes_within_tolerance_of_every_point(
    points: list[tuple[float, float]], tolerance: float
) -> None:
    line = np.array(points, np.float32)
    simple = simplify(points, tolerance)
    assert simple.dtype == np.float32
    np.testing.assert_array_equal(simple[[0, -1]], line[[0, -1]])
    assert {tuple(point) for point in simple.tolist()} <= {tuple(point) for point in line.tolist()}
    assert distance_to_line(simple, line.astype(float)).max() <= tolerance + 1e-3


def test_points_on_a_straight_line_are_left_out_and_corners_kept() -> None:
    right, down = [(x, 10) for x in range(10, 101)], [(100, y) for y in range(11, 90)]
    assert simplify(right + down).tolist() == [[10, 10], [100, 10], [100, 89]]


def test_a_closed_line_keeps_its_far_corner() -> None:
    assert [50, 80] in simplify([(10, 10), (50, 80), (10, 10)]).tolist()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_dot_is_placed_where_it_was_asked_for(kind: type) -> None:
    drawing = place([np.array([[301.3, 333.7]], kind)], 18, 150.0, (140, 140))
    np.testing.assert_allclose(drawing.strokes[0].points, [[140, 140]], atol=0.01)


@pytest.mark.parametrize(
    "drawing",
    [
        Drawing((Stroke(np.array([[9, 9]], np.float32), 5),) * (MAX_STROKES + 1)),
        Drawing((Stroke(np.array([[9, 9]], np.float32), 0.4),)),
        Drawing((Stroke(np.array([[9, 9]], np.float32), MAX_WIDTH + 1),)),
        Drawing((Stroke(np.array([[9, 9], [600, 9]], np.float32), 5),)),
    ],
    ids=["many strokes", "thin", "wide", "beyond"],
)
def test_every_link_that_is_written_can_be_read(drawing: Drawing) -> None:
    try:
        text = to_link(drawing)
    except DrawingError:
        return
    assert len(from_link(text).strokes) == len(drawing.strokes)


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
