import base64
import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitrec.errors import DrawingError
from digitrec.ink.drawings import MAX_STROKES, Drawing, Stroke, render
from digitrec.ui.canvas.fabric import FACTOR, from_fabric, read_revision, to_fabric

INK, PAPER = "#1f2937", "#ffffff"
LINE = [[40, 60], [90, 40], [150, 130], [200, 120], [210, 220]]
far_apart = st.tuples(*[st.integers(0, 280)] * 2)
lines = st.lists(far_apart, min_size=1, max_size=12, unique=True)
steps = st.tuples(*[st.integers(-9, 9)] * 2).filter(any)  # as far apart as a pen's points are


def drawing(points: list[Any], width: float = 18, erases: bool = False) -> Drawing:
    return Drawing((Stroke(np.array(points, np.float32), width, erases),))


def on_canvas(points: list[Any], **edited: float) -> dict[str, Any]:
    canvas = to_fabric(drawing(points), INK, PAPER)
    canvas["objects"][-1] |= edited
    return canvas


def middle_of_curve(commands: list[list[Any]]) -> tuple[float, float]:
    here, seen = commands[0][1:], []
    for command in commands[1:]:
        *control, end = np.reshape(command[1:], (-1, 2))
        bend = control[0] if control else (np.array(here) + end) / 2
        share = np.linspace(0, 1, 200)[:, None]
        seen.append((1 - share) ** 2 * np.array(here) + 2 * share * (1 - share) * bend + share**2 * end)
        here = end
    curve = np.concatenate(seen)
    return tuple((curve.min(axis=0) + curve.max(axis=0)) / 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(lines, st.integers(1, 40), st.booleans()), max_size=4))
def test_a_drawing_comes_back_as_it_went(drawn: list[tuple[list[Any], int, bool]]) -> None:
    went = Drawing(tuple(Stroke(np.array(points, np.float32), float(width), erases) for points, width, erases in drawn))
    back = from_fabric(to_fabric(went, INK, PAPER), PAPER)
    assert [one.points.tolist() for one in back.strokes] == [one.points.tolist() for one in went.strokes]
    assert [(one.width, one.erases) for one in back.strokes] == [(one.width, one.erases) for one in went.strokes]


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, max_size=30))
def test_a_drawing_comes_back_with_the_place_that_the_canvas_adds(moves: list[Any]) -> None:
    points = np.cumsum([(140, 140), *moves], axis=0)
    canvas = to_fabric(drawing(points), INK, PAPER)
    x, y = middle_of_curve(canvas["objects"][-1]["path"])
    canvas["objects"][-1] |= {"left": x, "top": y, "scaleX": 1, "scaleY": 1, "angle": 0, "flipX": False, "flipY": False}
    (back,) = from_fabric(canvas, PAPER).strokes
    np.testing.assert_array_equal(back.points, points)


def test_a_dot_is_drawn_with_a_length_and_comes_back_as_one_point() -> None:
    canvas = to_fabric(drawing([[70, 80]]), INK, PAPER)
    (x, y), (end_x, end_y) = (command[1:] for command in canvas["objects"][-1]["path"])
    assert 0 < math.dist((x, y), (end_x, end_y)) < 0.1
    assert from_fabric(canvas, PAPER).strokes[0].points.tolist() == [[70, 80]]


def test_the_eraser_draws_in_the_colour_of_the_paper() -> None:
    canvas = to_fabric(Drawing((*drawing(LINE).strokes, *drawing(LINE, erases=True).strokes)), INK, PAPER)
    assert [item["stroke"] for item in canvas["objects"][1:]] == [INK, PAPER]
    assert [one.erases for one in from_fabric(canvas, PAPER).strokes] == [False, True]


def test_a_path_of_the_pen_itself_is_read() -> None:
    item = {
        "type": "Path",
        "path": [["M", 19.98, 40], ["Q", 20, 40, 30, 60], ["Q", 40, 80, 60, 90], ["L", 80.02, 100]],
        "stroke": INK,
        "strokeWidth": 7 * FACTOR,
    }
    (stroke,) = from_fabric({"objects": [item]}, PAPER).strokes
    np.testing.assert_allclose(stroke.points[[0, -1]], [[9.99, 20], [40.01, 50]])
    assert np.hypot(*np.diff(stroke.points, axis=0).T).max() < 13
    curve = shown_curve(item)
    for x, y in stroke.points:
        assert np.hypot(*(curve - [x, y]).T).min() < 0.1
    assert stroke.width == 7
    assert stroke.points.dtype == np.float32


def test_a_moved_path_is_read_where_it_is_shown() -> None:
    canvas = on_canvas(LINE)
    x, y = middle_of_curve(canvas["objects"][-1]["path"])
    (stroke,) = from_fabric(on_canvas(LINE, left=x + 30 * FACTOR, top=y - 25 * FACTOR), PAPER).strokes
    np.testing.assert_allclose(stroke.points, np.add(LINE, (30, -25)), atol=3)


@pytest.mark.parametrize(
    "edited",
    [
        {"scaleX": 2.0},
        {"scaleX": 0.5, "scaleY": 1.5},
        {"angle": 30},
        {"angle": 90},
        {"angle": 200, "scaleX": 1.3, "scaleY": 0.4},
        {"flipX": True},
        {"flipY": True, "angle": 45},
    ],
    ids=repr,
)
def test_an_edited_path_is_read_as_it_is_shown(edited: dict[str, Any]) -> None:
    straight = [[100, 100], [180, 160]]  # of a straight line the box is known exactly
    angle = math.radians(edited.get("angle", 0))
    scales = [edited.get(f"scale{axis}", 1) * (-1 if edited.get(f"flip{axis}") else 1) for axis in "XY"]
    offsets = [((x - 140) * scales[0], (y - 130) * scales[1]) for x, y in straight]
    expected = [
        (
            150 + across * math.cos(angle) - down * math.sin(angle),
            120 + across * math.sin(angle) + down * math.cos(angle),
        )
        for across, down in offsets
    ]
    (stroke,) = from_fabric(on_canvas(straight, left=150 * FACTOR, top=120 * FACTOR, **edited), PAPER).strokes
    np.testing.assert_allclose(stroke.points, expected, atol=1e-3)
    assert stroke.points.dtype == np.float32


def test_foreign_objects_are_left_out() -> None:
    pen = to_fabric(drawing(LINE), INK, PAPER)["objects"]
    foreign = [{"type": "Rect", "left": 3}, {"type": "Path"}, {"type": "Path", "path": []}, {"type": "Image"}, {}]
    back = from_fabric({"version": "7", "objects": [*foreign, *pen, *foreign]}, PAPER)
    assert [one.points.tolist() for one in back.strokes] == [LINE]


@pytest.mark.parametrize("canvas", [None, {}, {"objects": []}], ids=repr)
def test_an_empty_canvas_is_an_empty_drawing(canvas: dict[str, Any] | None) -> None:
    assert from_fabric(canvas, PAPER).strokes == ()


SEVEN = [[60, 50], [220, 50], [110, 240]]


def shown_curve(item: dict[str, Any]) -> np.ndarray:
    """In pixels of the drawing."""
    here, seen = np.array(item["path"][0][1:]), []
    for command in item["path"][1:]:
        *control, end = np.reshape(command[1:], (-1, 2))
        bend = control[0] if control else (here + end) / 2
        share = np.linspace(0, 1, 200)[:, None]
        seen.append((1 - share) ** 2 * here + 2 * share * (1 - share) * bend + share**2 * end)
        here = end
    return np.concatenate(seen) / FACTOR


def test_the_canvas_shows_a_line_with_a_corner_as_render_does() -> None:
    item = to_fabric(Drawing((Stroke(np.array(SEVEN, np.float32), 18),)), "#000", "#fff")["objects"][-1]
    assert np.hypot(*(shown_curve(item) - SEVEN[1]).T).min() < 2


def test_a_line_with_a_corner_comes_back_with_the_place_that_the_canvas_adds() -> None:
    canvas = to_fabric(Drawing((Stroke(np.array(SEVEN, np.float32), 18),)), "#000", "#fff")
    curve = shown_curve(canvas["objects"][-1])
    x, y = FACTOR * (curve.min(axis=0) + curve.max(axis=0)) / 2
    canvas["objects"][-1] |= {"left": x, "top": y}
    back = render(from_fabric(canvas, "#fff"))
    went = render(Drawing((Stroke(np.array(SEVEN, np.float32), 18),)))
    assert (np.abs(back.astype(int) - went) > 128).sum() < 50


@pytest.mark.parametrize("path", [[["Z"]], [["M", 1, 2], ["L", 3, 4], ["Z"]], [["M", 1, 2], ["L", 9, 9], ["z"]]])
def test_a_path_that_no_pen_made_is_left_out_or_read(path: list[Any]) -> None:
    drawing = from_fabric({"objects": [{"type": "Path", "path": path, "stroke": "#000"}]}, "#fff")
    assert len(drawing.strokes) <= 1


def test_a_path_enlarged_on_the_canvas_has_a_wider_pen() -> None:
    canvas = to_fabric(Drawing((Stroke(np.array([[100, 100], [180, 160]], np.float32), 10),)), "#000", "#fff")
    canvas["objects"][-1] |= {"left": 140 * FACTOR, "top": 130 * FACTOR, "scaleX": 2, "scaleY": 2}
    assert from_fabric(canvas, "#fff").strokes[0].width == 20


def test_the_revision_comes_back() -> None:
    assert read_revision(to_fabric(drawing(LINE), INK, PAPER, revision=12)) == 12
    assert read_revision(to_fabric(Drawing(), INK, PAPER, revision=3)) == 3


@pytest.mark.parametrize("canvas", [None, 1, [], {}, {"objects": 1}, {"objects": [1, None]}], ids=repr)
def test_what_is_no_canvas_has_neither_drawing_nor_revision(canvas: Any) -> None:
    assert not from_fabric(canvas, PAPER)
    assert read_revision(canvas) is None


@pytest.mark.parametrize(
    "item",
    [
        {"path": [["M", 1, 2], ["L", float("nan"), 2]]},
        {"path": [["M", 1, 2], ["L", "one", "two"]]},
        {"path": [["M", 1, 2], ["L", 5, 5]], "strokeWidth": "wide"},
        {"path": [["M", 1, 2], ["L", 5, 5]], "strokeWidth": -3},
        {"path": [["M", 1, 2], ["L", 5, 5]], "scaleX": None},
        {"path": [["M", 1, 2], ["L", 5, 5]], "left": float("inf")},
    ],
    ids=repr,
)
def test_what_no_pen_can_have_drawn_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(DrawingError, match="Clear it and draw again"):
        from_fabric({"objects": [{"type": "Path", "stroke": INK, "strokeWidth": 9} | item]}, PAPER)


def test_too_many_strokes_are_refused() -> None:
    paths = to_fabric(drawing(LINE), INK, PAPER)["objects"][1:] * (MAX_STROKES + 1)
    with pytest.raises(DrawingError, match="more than 200 strokes"):
        from_fabric({"objects": paths}, PAPER)


def test_points_far_beyond_the_canvas_cost_nothing() -> None:
    far = {"type": "Path", "path": [["M", 0, 0], ["Q", 1e9, 1e9, -1e9, 1e9]], "stroke": INK, "strokeWidth": 9}
    (stroke,) = from_fabric({"objects": [far]}, PAPER).strokes
    assert len(stroke.points) < 3000


def test_a_backdrop_is_handed_over_as_a_picture_of_the_inks_colour() -> None:
    backdrop = np.zeros((28, 28), np.uint8)
    backdrop[5, 7] = 255
    item = to_fabric(Drawing(backdrop=backdrop), INK, PAPER)["objects"][1]
    assert (item["type"], item["scaleX"], item["imageSmoothing"]) == ("Image", 10 * FACTOR, False)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(item["src"].partition(",")[2]))))
    assert picture[5, 7].tolist() == [0x1F, 0x29, 0x37]
    assert picture[5, 8].tolist() == [255, 255, 255]
