from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.reading.photographs.candidates import (
    LARGEST,
    Components,
    find_candidates,
    join_parts,
    usual_height,
)
from digitrec.reading.photographs.page import find_digits
from tests.reading.photographs.helpers import PAPER, PEN, Picture, drawn, rings


def pieces_of(picture: Picture) -> tuple[list[str], int]:
    sheet = find_digits(picture)
    return sorted(one.reason for one in sheet.left_out), len(sheet.digits)


def test_the_usual_height_is_that_of_most_ink() -> None:
    digits = [(left, 100, left + 30, 150) for left in range(100, 800, 60)]
    dust = [(left, 300, left + 3, 303) for left in range(10, 900, 5)]
    table = [(0, 0, 60, 700)]
    line = [(5, 400, 900, 402)]
    boxes = np.array(digits + dust + table + line)
    areas = np.array([400] * len(digits) + [6] * len(dust) + [30_000, 1_700])
    components = Components(boxes, areas, areas * 0.5, (1000, 1000))
    assert usual_height(components, np.arange(len(boxes))) == 50
    assert usual_height(components, np.arange(0)) == 1


BOXES = st.lists(st.tuples(*[st.integers(0, 300), st.integers(1, 90)] * 2), max_size=25).map(
    lambda sizes: np.array([(x, y, x + wide, y + high) for y, high, x, wide in sizes], np.intp).reshape(-1, 4)
)


@settings(max_examples=60, deadline=None)
@given(BOXES, st.integers(10, 80), st.sampled_from([2, 4]))
def test_joining_is_a_partition_and_knows_no_scale(boxes: NDArray[np.intp], usual: int, factor: int) -> None:
    groups = [sorted(group.tolist()) for group in join_parts(boxes, usual)]
    assert sorted(chain(*groups)) == list(range(len(boxes)))
    assert [sorted(group.tolist()) for group in join_parts(boxes * factor, usual * factor)] == groups
    for group in groups:
        assert sum(boxes[place, 3] - boxes[place, 1] >= 0.65 * usual for place in group) <= 1


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([(100, 110, 130, 150), (125, 100, 150, 105)], 1),  # the bar of a 5
        ([(100, 100, 130, 125), (100, 128, 130, 150)], 1),  # broken in the middle
        ([(100, 100, 130, 150), (132, 100, 162, 150)], 2),  # two digits
        ([(100, 100, 115, 120), (118, 100, 133, 120)], 2),  # two small ones
        ([(100, 100, 130, 150), (170, 110, 185, 120)], 2),  # far apart
        ([(100, 100, 130, 150), (100, 151, 130, 201)], 2),  # one above the other
    ],
)
def test_parts_of_one_digit_are_joined_and_digits_are_not(boxes: list[tuple[int, ...]], expected: int) -> None:
    assert len(join_parts(np.array(boxes), 50)) == expected


def test_every_reason_for_leaving_out() -> None:
    image, pen = drawn((900, 700))
    for left in (100, 200, 300, 400):
        pen.ellipse((left, 100, left + 40, 150), outline=PEN, width=6)
    pen.ellipse((500, 120, 510, 130), fill=PEN)
    pen.rectangle((200, 250, 260, 257), fill=PEN)
    pen.line((100, 300, 400, 420), fill=PEN, width=6)
    pen.rectangle((500, 250, 545, 300), fill=PEN)
    pen.ellipse((600, 250, 770, 420), outline=PEN, width=6)
    pen.ellipse((-20, 500, 30, 560), outline=PEN, width=6)
    pen.ellipse((200, 500, 240, 550), outline=PAPER - 65, width=6)
    expected = ["a blot", "a line", "a line", "too large", "too pale", "too small", "touches the border"]
    assert pieces_of(np.asarray(image)) == (expected, 4)


def test_of_very_many_pieces_the_largest_are_looked_at() -> None:
    strokes = np.zeros((700, 700), bool)
    for top in range(5, 600, 12):
        strokes[top : top + 7, 5:690:12] = strokes[top, 5:690] = False
        for left in range(5, 690, 12):
            strokes[top : top + 7, left : left + 2] = True
    strokes[620:680, 100:600] = rings([(left, 0, left + 50, 60) for left in range(0, 500, 60)], (500, 60)) < 128
    found = find_candidates(strokes, strokes.astype(np.float32))
    assert found.uncounted == 50 * 58 + 9 - LARGEST
    assert len(found.digits) == 9
    assert len(found.left_out) == LARGEST - 9
