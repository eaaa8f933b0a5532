from functools import reduce
from typing import Any

import numpy as np
import pytest

from digitrec.ink.drawings import Drawing, Stroke
from digitrec.ui.canvas.fabric import to_fabric
from digitrec.ui.canvas.history import INK, PAPER, CanvasState, lay_again, lay_anew, put, receive, redo, undo


def strokes(n: int) -> Drawing:
    return Drawing(tuple(Stroke(np.array([[10 * k, 5], [10 * k, 90]], np.float32), 9) for k in range(n)))


def canvas_sends(n: int, revision: int) -> dict[str, Any]:
    return to_fabric(strokes(n), INK, PAPER, revision)


MARK = canvas_sends(0, 0)["objects"]


def lengths(state: CanvasState | None) -> tuple[list[int], int, list[int]]:
    assert state is not None
    return [len(d.strokes) for d in state.past], len(state.drawing.strokes), [len(d.strokes) for d in state.future]


@pytest.fixture
def three() -> CanvasState:
    state = reduce(lambda state, n: receive(state, canvas_sends(n, 0)) or state, (1, 2, 3), CanvasState())
    assert lengths(state) == ([0, 1, 2], 3, [])
    return state


def test_each_stroke_can_be_undone_and_redone(three: CanvasState) -> None:
    assert lengths(undo(three)) == ([0, 1], 2, [3])
    assert lengths(redo(undo(three))) == ([0, 1, 2], 3, [])


def test_what_the_canvas_sends_late_changes_nothing(three: CanvasState) -> None:
    twice = undo(undo(three))
    assert receive(twice, canvas_sends(2, 1)) is None  # the echo of the first undo, after the second
    echoed = receive(twice, canvas_sends(1, 2))
    assert lengths(echoed) == ([0], 1, [3, 2])
    assert lengths(redo(redo(twice))) == ([0, 1, 2], 3, [])


def test_a_new_stroke_after_undo_ends_what_could_be_redone(three: CanvasState) -> None:
    assert lengths(receive(undo(three), canvas_sends(4, 1))) == ([0, 1, 2], 4, [])


def test_clear_can_be_undone(three: CanvasState) -> None:
    cleared = put(three, Drawing())
    assert lengths(cleared) == ([0, 1, 2, 3], 0, [])
    assert lengths(undo(cleared)) == ([0, 1, 2], 3, [0])


def test_coming_back_begins_a_new_canvas_with_the_same_drawing(three: CanvasState) -> None:
    again = lay_again(three)
    assert (again.mount, len(again.start.strokes)) == (1, 3)
    assert receive(again, canvas_sends(9, 0)) is None
    assert lengths(again) == ([0, 1, 2], 3, [])


def test_a_canvas_that_began_anew_is_given_what_was_drawn_on_it(three: CanvasState) -> None:
    anew = lay_anew(three)
    assert (anew.mount, len(anew.start.strokes)) == (three.mount, 3)
    assert lengths(anew) == ([0, 1, 2], 3, [])
    assert receive(anew, canvas_sends(1, 0)) is None
    assert lay_anew(anew) is anew


def test_nothing_is_undone_where_nothing_was_done() -> None:
    assert lengths(undo(CanvasState())) == lengths(redo(CanvasState())) == ([], 0, [])


@pytest.mark.parametrize(
    "sent", [None, 5, {"objects": 3}, {"objects": [*MARK, {"type": "Path", "path": [["M", "a", "b"]]}]}]
)
def test_what_is_no_drawing_is_left_aside(three: CanvasState, sent: Any) -> None:
    assert receive(three, sent) is None


def test_a_backdrop_stays_beneath_the_strokes() -> None:
    backdrop = np.full((28, 28), 9, np.uint8)
    state = put(CanvasState(), Drawing(backdrop=backdrop))
    assert receive(state, canvas_sends(0, 1)) is state
    drawn = receive(state, canvas_sends(1, 1))
    assert drawn is not None
    assert drawn.drawing.backdrop is backdrop
    assert undo(drawn).drawing.backdrop is backdrop
    assert undo(undo(drawn)).drawing.backdrop is None
