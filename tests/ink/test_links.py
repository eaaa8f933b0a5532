import base64
import json
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitrec.errors import DrawingError
from digitrec.ink.drawings import CANVAS, MAX_POINTS, MAX_STROKES, MAX_WIDTH, REACH, Drawing, Stroke
from digitrec.ink.links import MAX_LINK, from_link, simplify, to_link
from tests.ink.drawn import HOOK, Points, distance_to_line, stroke, strokes


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
