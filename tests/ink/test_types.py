import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitrec.ink.preprocessing import find_box
from digitrec.ink.types import Box

SIDES = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] * 2)


@given(SIDES)
def test_a_box_cuts_out_what_it_holds(sides: tuple[int, int, int, int]) -> None:
    left, top, width, height = sides
    box = Box(left, top, left + width, top + height)
    picture = np.zeros((50, 45), np.uint8)
    picture[box.slices] = 1
    assert find_box(picture) == box
    assert picture[box.slices].shape == (box.height, box.width) == (height, width)
    assert picture.sum() == width * height


@pytest.mark.parametrize("shape", [(1, 1), (28, 256), (840, 280)])
def test_the_whole_picture_is_a_box(shape: tuple[int, int]) -> None:
    picture = np.ones(shape, np.uint8)
    assert picture[Box.whole(shape).slices].shape == shape
    assert find_box(picture) == Box.whole(shape)


def test_sides_are_written_from_left_to_bottom() -> None:
    assert Box._fields == ("left", "top", "right", "bottom")
    assert json.dumps(Box(1, 2, 3, 4)) == "[1, 2, 3, 4]"
