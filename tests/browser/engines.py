"""`make browsers`: the same walk on the Draw page in Firefox and in WebKit, Safari's engine, as a table."""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec import preprocess
from digitrec.ink.drawings import CANVAS, Drawing, render
from digitrec.ink.links import from_link
from tests.benchmarks.drawing import WATCH
from tests.browser.app import ONE, PATIENCE, SEVEN, Server, serve
from tests.browser.drivers import FAILURES, Engine, firefox, missing, webkit

WINDOW = (1440, 900)
CROSSBAR = np.array([(110, 150), (155, 150), (200, 150)], np.float32)
PLACES = 12  # of the pen between two points of a stroke
STEP = 16  # ms from one place to the next
DOWN, UP = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
MEASUREMENTS = 10
# Streamlit's components lie in shadow roots, which are open. While sheets of the canvas change, there are two.
FIND = """
const findAll = (selector, root = document) => [...root.querySelectorAll(selector),
  ...[...root.querySelectorAll('*')].flatMap((e) => e.shadowRoot ? findAll(selector, e.shadowRoot) : [])]
const find = (selector) => findAll(selector).at(-1)
const isNamed = (name) => (e) => !e.children.length && e.textContent.trim() == name
const named = (name) => findAll('button, a').find((e) => e.checkVisibility() && findAll('*', e).some(isNamed(name)));
"""
INK = """
const lower = find('.st-key-paper-canvas canvas.lower-canvas') ?? find('canvas.lower-canvas')
return lower.getContext('2d').getImageData(0, 0, lower.width, lower.height).data
  .filter((v, i, all) => i % 4 == 0 && v < 128 && all[i + 3] > 128).length
"""
HEAR = """
window.said = []
const words = find('[data-part=words]')
new MutationObserver(() => window.said.push(words.textContent)).observe(words, { childList: true, subtree: true })
"""


class Visitor:
    """Somebody on the Draw page, in one browser."""

    def __init__(self, engine: Engine, server: Server) -> None:
        self.engine, self.server = engine, server

    def ask(self, script: str, *values: Any) -> Any:
        """What a script that may use `find` and `named` returns."""
        return self.engine.run(FIND + script, *values)

    def wait(self, script: str, *values: Any) -> Any:
        """What a script returns, once that is true."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not (found := self.ask(script, *values)):
            assert time.monotonic() < deadline, f"This did not become true: {script.strip()} {values or ''}"
            time.sleep(0.05)
        return found

    def listen(self) -> None:
        """Take down what goes wrong in the page from now on."""
        self.ask("window.problems = []; addEventListener('error', (e) => window.problems.push(e.message))")

    def shows(self, digit: str) -> None:
        """Wait until that digit is the verdict on what was drawn."""
        script = (
            "return find('[data-part=shown]')?.innerText.trim() == arguments[0] && find('.live').dataset.demo != 'true'"
        )
        self.wait(script, digit)

    def settle(self) -> None:
        """Wait until the verdict is that of what is on the canvas: as `app.settle`."""
        states = []
        while len(states) < 4 or states[-1][0] != "false" or states[-4:].count(states[-1]) < 4:
            assert len(states) < PATIENCE / 50, f"The verdict did not settle: {states[-1]}"
            time.sleep(0.05)
            states.append(self.ask("const live = find('.live'); return [live?.ariaBusy, live?.dataset.sent]"))

    def draw(self, stroke: NDArray[np.float32], *, lift: bool = True) -> None:
        """Draw with the mouse at human speed: x, y in canvas pixels; the button stays pressed without `lift`."""
        box = """const { x, y, height, bottom } = find('canvas.upper-canvas')?.getBoundingClientRect() ?? {}
        return height > 0 && y >= 0 && bottom <= innerHeight && [x, y, height]"""
        left, top, height = self.wait(box)  # while sheets of the canvas change, it may be elsewhere
        pieces = [np.linspace(start, end, PLACES) for start, end in itertools.pairwise(stroke)]
        places = np.round(np.concatenate(pieces) * height / CANVAS + (left, top)).astype(int).tolist()
        moves = [{"type": "pointerMove", "duration": STEP, "x": x, "y": y} for x, y in places]
        self.engine.point([moves[0], DOWN, *moves[1:], *([UP] if lift else [])])

    def press(self, name: str) -> None:
        """Press a button or a link with the mouse, once it can be pressed."""
        self.wait("return named(arguments[0])?.matches(':enabled, a')", name)
        place = """const found = named(arguments[0])
        found.scrollIntoView({ block: 'nearest' })
        const { x, y, width, height } = found.getBoundingClientRect()
        return [Math.round(x + width / 2), Math.round(y + height / 2)]"""
        x, y = self.ask(place, name)
        self.engine.point([{"type": "pointerMove", "duration": 0, "x": x, "y": y}, DOWN, UP])

    def ink(self) -> int:
        """How many pixels of the canvas are dark."""
        return self.ask(INK)

    def strokes(self, count: int) -> None:
        """Wait until the address, and so the server, has that many strokes."""
        deadline = time.monotonic() + PATIENCE / 1000
        while (found := len(self.drawing().strokes)) != count:
            assert time.monotonic() < deadline, f"The address has {found} strokes instead of {count}."
            time.sleep(0.1)

    def drawing(self) -> Drawing:
        """The drawing in the address."""
        text = self.ask("return new URLSearchParams(location.search).get('drawing')")
        return from_link(text) if text else Drawing()


# ---- the walk: each step goes on where the one before ended, and returns what it found


def arrive(visitor: Visitor) -> str:
    visitor.engine.open(visitor.server.address)
    visitor.wait("return find('canvas.upper-canvas') && find('.live')?.ariaBusy == 'false'")
    visitor.listen()
    visitor.wait("return find('.live').dataset.demo == 'true' && find('[data-part=shown]').innerText.trim()")
    return "yes"


def who_reads(visitor: Visitor) -> str:
    reader = visitor.ask("return find('.live').dataset.reader")
    assert reader == "browser", f"It is the {reader} that reads."
    return "yes"


def fit(visitor: Visitor) -> str:
    width, inside = visitor.ask("return [find('[data-testid=stMain]').scrollWidth, innerWidth]")
    assert width <= inside, f"The page is {width} pixels wide."
    below = visitor.ask("return find('canvas.upper-canvas').getBoundingClientRect().bottom - innerHeight")
    assert below <= 0, f"The canvas ends {below} pixels below the window."
    return "yes"


def draw_seven(visitor: Visitor) -> str:
    seen = int(visitor.ask("return find('.live').dataset.seen"))
    visitor.draw(SEVEN[0], lift=False)
    visitor.shows("7")
    verdicts = int(visitor.ask("return find('.live').dataset.seen")) - seen
    assert verdicts >= 4, f"{verdicts} verdicts came while the pen moved."
    visitor.ask(HEAR)
    visitor.engine.point([UP])
    visitor.settle()
    visitor.shows("7")
    visitor.strokes(1)
    assert "Nothing to read yet" not in (said := visitor.ask("return window.said")), f"After pen-up it said {said}."
    return f"7 after {verdicts} verdicts"


def compare(visitor: Visitor) -> str:
    ours = preprocess(render(visitor.drawing())).image
    assert ours is not None
    shown = """const { data } = find('.chain [data-part=pixels]').getContext('2d').getImageData(0, 0, 28, 28)
    return Array.from(data.filter((v, i) => i % 4 == 0))"""
    difference = float(np.abs(np.reshape(visitor.ask(shown), (28, 28)) - ours.astype(int)).mean())
    assert difference < 4, f"The images differ by {difference:.1f} of 255 on average."  # edges are drawn differently
    return f"{difference:.1f} of 255"


def see_inside(visitor: Visitor) -> str:
    visitor.wait("return findAll('.chain [data-part=outputs] li').length == 10")
    pictures = visitor.wait("return findAll('.chain .step canvas').length")
    assert pictures > 2, f"There are {pictures} pictures: none of a layer."
    return f"{pictures} pictures"


def undo(visitor: Visitor) -> str:
    before = visitor.ink()
    visitor.draw(CROSSBAR)
    visitor.strokes(2)
    assert visitor.ink() > 1.05 * before
    visitor.press("Undo")
    visitor.strokes(1)
    visitor.settle()
    assert abs(visitor.ink() / before - 1) < 0.02
    visitor.shows("7")
    return "yes"


def leave_and_return(visitor: Visitor) -> str:
    before = visitor.ink()
    visitor.draw(CROSSBAR)
    visitor.press("The network")
    visitor.wait("return find('h1')?.innerText.includes('The network')")
    visitor.press("Draw")
    visitor.wait("return find('canvas.upper-canvas') && find('.live')?.ariaBusy == 'false'")
    visitor.shows("7")
    visitor.strokes(2)
    assert visitor.ink() > 1.05 * before
    return "yes"


def reload(visitor: Visitor) -> str:
    problems = visitor.ask("return window.problems")
    assert not problems, problems
    before = visitor.ink()
    visitor.engine.open(visitor.ask("return location.href"))
    visitor.wait("return find('canvas.upper-canvas') && find('.live')?.ariaBusy == 'false'")
    visitor.listen()
    visitor.shows("7")
    assert abs(visitor.ink() / before - 1) < 0.05
    return "yes"


def clear(visitor: Visitor) -> str:
    visitor.press("Clear")
    visitor.strokes(0)
    visitor.settle()
    assert visitor.ink() == 0
    assert visitor.ask("return find('[data-part=words]').innerText") == "Nothing to read yet"
    return "yes"


def measure(visitor: Visitor) -> str:
    visitor.ask(f"({WATCH})()")
    waits = [wait for stroke in [ONE[0], SEVEN[0]] * (MEASUREMENTS // 2) for wait in _wait_after(visitor, stroke)]
    assert waits
    return f"{statistics.median(waits):.0f} ms (n = {len(waits)})"


def _wait_after(visitor: Visitor, stroke: NDArray[np.float32]) -> list[float]:
    """The ms from pen-up to the next verdict; none where lifting the pen changed nothing."""
    visitor.draw(stroke)
    visitor.settle()
    up, seen = visitor.ask("return [window.lifted, window.seen]")
    visitor.press("Clear")
    visitor.strokes(0)
    visitor.settle()
    visitor.ask("window.seen = []; window.lifted = null")
    return [when - up for when, number, sent in seen if when > up and number == sent][:1]


def look_back(visitor: Visitor) -> str:
    problems = [*visitor.ask("return window.problems"), *visitor.server.errors()]
    assert not problems, problems
    return "yes"


STEPS: dict[str, Callable[[Visitor], str]] = {
    "the page opens, and a digit draws itself": arrive,
    "the browser itself reads": who_reads,
    "nothing overflows": fit,
    "a 7 is read while the pen moves, and when it is lifted": draw_seven,
    "mean difference of its 28 × 28 image from Python's": compare,
    "the network is shown at work": see_inside,
    "undo takes a second stroke back": undo,
    "leaving right after a stroke and returning keeps it": leave_and_return,
    "reloading keeps the drawing": reload,
    "clear": clear,
    "pen-up to the next verdict, median": measure,
    "no error in the page or the server's log": look_back,
}


def walk(engine: Engine, server: Server, pictures: Path) -> list[str]:
    """The result of each step; after one that fails, the others are not tried. The drawn 7 is kept as a picture."""
    engine.resize(*WINDOW)
    visitor, results = Visitor(engine, server), []
    for step in STEPS.values():
        try:
            results.append(step(visitor))
        except (AssertionError, *FAILURES) as problem:
            results.append(f"FAILED: {type(problem).__name__} {problem}".strip())
        if step is see_inside or results[-1].startswith("FAILED"):
            (pictures / f"{engine.name.lower()}.png").write_bytes(engine.picture())
        if results[-1].startswith("FAILED"):
            break
    return results + ["not tried"] * (len(STEPS) - len(results))


def visit(start: Callable[[], AbstractContextManager[Engine]], pictures: Path) -> list[str]:
    """A column of the table: the browser and its version, the result of each step, and the verdict."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "log.txt") as server, start() as engine:
        results = walk(engine, server, pictures)
        passed = not any(result.startswith("FAILED") for result in results)
        return [f"{engine.name} {engine.version}", *results, "passed" if passed else "FAILED"]


def main() -> int:
    """Walk with each engine and print the table; 1 if a step failed or a browser is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, default=Path("build"), help="folder of the screenshots")
    pictures = parser.parse_args().pictures
    if packages := missing():
        print(f"Missing for these browsers, as Debian calls it: {' '.join(packages)}. Install with apt-get install.")
        return 1
    pictures.mkdir(parents=True, exist_ok=True)
    columns = [visit(start, pictures) for start in (firefox, webkit)]
    rows = zip(["what", *STEPS, "verdict"], *columns, strict=True)
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    print("\n".join([lines[0], "|---" * (1 + len(columns)) + "|", *lines[1:]]))
    return int(any(column[-1] != "passed" for column in columns))


if __name__ == "__main__":
    sys.exit(main())
