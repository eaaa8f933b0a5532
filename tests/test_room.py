"""Thirty people on the Draw page at once, each in a session of their own, without a browser."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.benchmarks.canvas_states import StrokeEnd, prepare
from tests.benchmarks.room import App, keep_drawing, running_app
from tests.benchmarks.tab import Sent, Tab

PEOPLE, SECONDS = 30, 10.0


@pytest.fixture(scope="module")
def drawings() -> list[list[StrokeEnd]]:
    return prepare(4 * PEOPLE)


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with running_app() as app:
        yield app


async def draw(app: App, drawings: list[list[StrokeEnd]]) -> list[Tab]:
    tabs = [Tab(app.address) for _ in range(PEOPLE)]
    await asyncio.gather(*(tab.open() for tab in tabs))
    until = time.perf_counter() + SECONDS
    await asyncio.gather(*(keep_drawing(tab, drawings[i::PEOPLE], until) for i, tab in enumerate(tabs)))
    await asyncio.gather(*(tab.close() for tab in tabs))
    return tabs


@pytest.fixture(scope="module")
def room(app: App, drawings: list[list[StrokeEnd]]) -> list[Tab]:
    return asyncio.run(draw(app, drawings))


def test_everyone_gets_the_verdict_on_their_own_drawing(room: list[Tab]) -> None:
    assert [dict(+tab.errors) for tab in room] == [{}] * PEOPLE
    assert [tab.foreign for tab in room] == [[]] * PEOPLE
    for tab in room:
        assert len(tab.sent) >= 2
        assert all(sent.seconds is not None for sent in tab.sent)
        assert tab.verdicts >= 2


def test_a_stroke_is_answered_without_what_lies_below_the_canvas(room: list[Tab]) -> None:
    strokes = [sent for tab in room for sent in tab.sent]
    # 55 with the tabs; a session that is behind gets the messages of two runs for one stroke.
    assert sum(sent.messages for sent in strokes) / len(strokes) < 30


def test_a_drawing_of_someone_else_is_noticed(drawings: list[list[StrokeEnd]]) -> None:
    own, other = drawings[0][-1], drawings[1][-1]
    in_address, in_details, right = (Tab("", sent=[Sent(own, 0.0)]) for _ in range(3))
    in_address._query, in_details._query, right._query = (f"drawing={end.link}" for end in (other, own, own))
    in_details._pictures, right._pictures = ({end.shown} for end in (other, own))
    for tab in (in_address, in_details, right):
        tab._compare()
    assert [tab.foreign for tab in (in_address, in_details, right)] == [["address"], ["details"], []]
    assert [tab.sent[0].seconds is None for tab in (in_address, in_details, right)] == [True, True, False]


def test_an_answer_to_an_earlier_stroke_leaves_the_later_one_open(drawings: list[list[StrokeEnd]]) -> None:
    ends = next(digit for digit in drawings if len(digit) > 1)
    tab = Tab("", sent=[Sent(end, 0.0) for end in ends[:2]])
    tab._query = f"drawing={ends[0].link}"
    tab._compare()
    assert [sent.seconds is None for sent in tab.sent] == [False, True]
