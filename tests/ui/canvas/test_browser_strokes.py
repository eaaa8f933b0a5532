from typing import Any

import numpy as np
import pytest

from digitrec.ink.drawings import CANVAS, MAX_STROKES, Drawing, Stroke
from digitrec.ui.canvas.browser_strokes import from_browser, to_browser
from digitrec.ui.canvas.history import CanvasState, put, restore, undo

DRAWN = Drawing(
    (Stroke(np.array([[10, 20], [30.26, 40]], np.float32), 18), Stroke(np.ones((1, 2), np.float32), 24, True))
)


def as_sent(drawing: Drawing) -> dict[str, Any]:
    names = ("width", "erases", "points")
    return {"strokes": [dict(zip(names, stroke, strict=True)) for stroke in to_browser(drawing)]}


def test_a_drawing_comes_back_from_the_browser() -> None:
    back = from_browser(as_sent(DRAWN), CANVAS)
    assert back is not None
    assert [(one.width, one.erases) for one in back.strokes] == [(18, False), (24, True)]
    np.testing.assert_allclose(back.strokes[0].points, [[10, 20], [30.3, 40]], atol=1e-4)


STROKE = {"width": 9, "erases": False, "points": [[1, 2], [3, 4]]}


@pytest.mark.parametrize(
    "sent",
    [
        None,
        7,
        {},
        {"strokes": "none"},
        {"strokes": [STROKE | {"points": [[1, 2, 3]]}]},
        {"strokes": [STROKE | {"points": []}]},
        {"strokes": [STROKE | {"points": [["a", "b"]]}]},
        {"strokes": [STROKE | {"points": [[1e9, 0]]}]},
        {"strokes": [STROKE | {"points": [[float("nan"), 0]]}]},
        {"strokes": [STROKE | {"width": 0}]},
        {"strokes": [STROKE | {"width": 1e6}]},
        {"strokes": [STROKE] * (MAX_STROKES + 1)},
        {"strokes": [STROKE | {"points": [[1, 2]] * 6000}]},
    ],
    ids=lambda sent: str(sent)[:60],
)
def test_what_is_no_drawing_is_none(sent: Any) -> None:
    assert from_browser(sent, CANVAS) is None


def test_strokes_that_only_the_browser_has_are_put_on_the_canvas() -> None:
    one = Drawing(DRAWN.strokes[:1])
    state = put(CanvasState(), one)
    restored = restore(state, DRAWN)
    assert len(restored.drawing.strokes) == 2
    assert undo(restored).drawing is one
    assert restore(state, one) is state
    assert restore(state, None) is state
    assert restore(state, Drawing()) is state


def test_strokes_over_an_image_keep_it() -> None:
    backdrop = np.full((28, 28), 9, np.uint8)
    assert restore(put(CanvasState(), Drawing(backdrop=backdrop)), DRAWN).drawing.backdrop is backdrop
