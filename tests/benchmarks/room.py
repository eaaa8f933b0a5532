"""A room full of people on the Draw page, each in a session of their own: how long do they wait, and what does it cost?

    python -m tests.benchmarks.room -n 30 --seconds 15 --json    30 people, a digit every 3 s each
    python -m tests.benchmarks.room --visits 1000 --json         1,000 sessions opened and closed: memory

An app is started, with folders of its own, and N sessions speak its protocol (`tab.py`) and draw real pen trajectories
(`canvas_states.py`), stroke by stroke. Client and server share the machine.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.benchmarks.canvas_states import StrokeEnd, prepare
from tests.benchmarks.tab import Tab
from tests.benchmarks.table import row
from tests.browser.app import Server

EVERY = 3.0  # seconds from one digit to the next
SEED = 0
ALONE = 60  # digits that one session draws as fast as it is answered
ROUND = 50  # visits between two measurements of memory
WARM_UP = 200  # visits before the first: Streamlit keeps the last 128 sessions for two minutes, in case they come back
AT_ONCE = 5  # visitors
RESTS = 0.5  # seconds from the last stroke's answer until the tabs below the canvas are asked for
FORGETS = 3  # seconds for a session that was left to be forgotten


@dataclass(frozen=True)
class App:
    """The app that is measured."""

    address: str
    process: psutil.Process

    @property
    def cpu_ms(self) -> float:
        """CPU time that it has spent, in ms."""
        spent = self.process.cpu_times()
        return 1000 * float(spent.user + spent.system)

    @property
    def memory_mb(self) -> float:
        """Its resident memory, in MB."""
        return self.process.memory_info().rss / 1e6


@contextmanager
def running_app() -> Iterator[App]:
    """An app of its own, with temporary folders, stopped afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        own = {f"DIGITREC_{name}": f"{folder}/{name.lower()}" for name in ("MODELS", "RUNS", "CACHE")}
        server = Server(Path(folder) / "log.txt", **own)
        try:
            yield App(server.address, psutil.Process(server.process.pid))
        finally:
            server.stop()


def draw_together(n: int, seconds: float) -> dict[str, Any]:
    """N people open the page in the same second, draw for so many seconds, and what it took; then one of them alone."""
    people = [prepare(int(seconds / EVERY) + 2, seed) for seed in range(n)]
    with running_app() as app:
        return asyncio.run(_draw_together(app, people, seconds))


async def _draw_together(app: App, people: list[list[list[StrokeEnd]]], seconds: float) -> dict[str, Any]:
    tabs = [Tab(app.address) for _ in people]
    opened = await asyncio.gather(*(tab.open() for tab in tabs))
    cpu, own, begun = app.cpu_ms, time.process_time(), time.perf_counter()
    drawing = [keep_drawing(tab, digits, begun + seconds) for tab, digits in zip(tabs, people, strict=True)]
    await asyncio.gather(*drawing)
    cpu, own, wall = app.cpu_ms - cpu, time.process_time() - own, time.perf_counter() - begun
    memory, load = app.memory_mb, os.getloadavg()[0]
    await asyncio.gather(*(tab.close() for tab in tabs))
    return describe(tabs, cpu) | {
        "seconds": round(wall, 1),
        "open_s": round(max(opened), 2),
        "memory_mb": round(memory),
        "cores": {"app": round(cpu / wall / 1000, 2), "client": round(own / wall, 2)},
        "load_average": round(load, 1),
    }


async def keep_drawing(tab: Tab, digits: list[list[StrokeEnd]], until: float) -> None:
    """Draw one digit after the other at a person's pace, beginning at a moment of one's own."""
    await asyncio.sleep(EVERY * np.random.default_rng(len(digits[0][0].link)).random())
    for digit in digits:
        begun = time.perf_counter()
        if begun > until:
            return
        await draw_digit(tab, digit, begun)
        await asyncio.sleep(RESTS)
        await tab.rest()
        await asyncio.sleep(max(0.0, begun + EVERY - 0.3 - time.perf_counter()))
        await tab.clear()
        await asyncio.sleep(max(0.0, begun + EVERY - time.perf_counter()))


async def draw_digit(tab: Tab, digit: list[StrokeEnd], begun: float | None = None) -> None:
    """Draw stroke by stroke, at a pen's pace since `begun`, or as fast as it is answered; wait for the last answer."""
    for end in digit:
        if begun is not None:
            await asyncio.sleep(max(0.0, begun + end.at - time.perf_counter()))
        sent = await tab.draw(end)
        if begun is None or end is digit[-1]:
            await tab.answered(sent)


def draw_alone(n: int = ALONE) -> dict[str, Any]:
    """One person draws n digits as fast as they are answered, without Clear: what one stroke costs."""
    digits = prepare(n + 5, SEED)
    with running_app() as app:
        return asyncio.run(_draw_alone(app, digits))


async def _draw_alone(app: App, digits: list[list[StrokeEnd]]) -> dict[str, Any]:
    tab = Tab(app.address)
    await tab.open()
    for digit in digits[:5]:
        await draw_digit(tab, digit)
    tab.sent.clear()
    cpu = app.cpu_ms
    for digit in digits[5:]:
        await draw_digit(tab, digit)
    cpu = app.cpu_ms - cpu
    await tab.close()
    return describe([tab], cpu) | {"load_average": round(os.getloadavg()[0], 1)}


def describe(tabs: list[Tab], cpu_ms: float) -> dict[str, Any]:
    """What these sessions saw, for so many ms of the app's CPU time."""
    strokes = [sent for tab in tabs for sent in tab.sent]
    took = [1000 * sent.seconds for sent in strokes if sent.seconds is not None]
    answered = max(1, len(took))
    return {
        "sessions": len(tabs),
        "strokes": len(strokes),
        "stroke_to_answer_ms": {f"p{q}": round(float(np.percentile(took, q))) for q in (50, 95)} if took else {},
        "cpu_ms_per_stroke": round(cpu_ms / answered, 1),
        "cpu_ms_per_run": round(cpu_ms / max(1, sum(tab.runs for tab in tabs)), 1),
        "bytes_per_stroke": round(sum(sent.bytes for sent in strokes) / answered),
        "messages_per_stroke": round(sum(sent.messages for sent in strokes) / answered, 1),
        "lost": sum(sent.seconds is None for sent in strokes),
        "foreign": sum(len(tab.foreign) for tab in tabs),
        "errors": dict(sum((+tab.errors for tab in tabs), Counter[str]())),
    }


def visit(n: int) -> dict[str, Any]:
    """N sessions that open the page, draw a digit and leave: the app's memory before, and at the end."""
    digits = prepare(ROUND, SEED)
    with running_app() as app:
        return asyncio.run(_visit(app, n, digits))


async def _visit(app: App, n: int, digits: list[list[StrokeEnd]]) -> dict[str, Any]:
    memory, tabs, opened = list[float](), list[Tab](), list[float]()
    for start in range(0, n + WARM_UP, AT_ONCE):
        if start % ROUND == 0 and start >= WARM_UP:
            await asyncio.sleep(FORGETS)
            memory.append(app.memory_mb)
        now = [Tab(app.address) for _ in range(AT_ONCE)]
        opened += await asyncio.gather(*(_visit_once(tab, digits[(start + i) % ROUND]) for i, tab in enumerate(now)))
        tabs += now
    await asyncio.sleep(FORGETS)
    memory.append(app.memory_mb)
    found = describe(tabs, 0)
    return {
        "visits": n,
        "memory_mb": [round(one) for one in memory],
        "growth": round(memory[-1] / memory[0] - 1, 3),
        "open_s": {f"p{q}": round(float(np.percentile(opened, q)), 2) for q in (50, 95)},
        **{name: found[name] for name in ("lost", "foreign", "errors")},
        "load_average": round(os.getloadavg()[0], 1),
    }


async def _visit_once(tab: Tab, digit: list[StrokeEnd]) -> float:
    opened = await tab.open()
    await draw_digit(tab, digit)
    await tab.close()
    return opened


def room() -> list[dict[str, Any]]:
    """The rows of `make bench`."""
    alone, thirty, hundred, visits = draw_alone(), draw_together(30, 15), draw_together(100, 15), visit(1000)
    rows = [
        row("one person, CPU of the app per stroke", f"{alone['cpu_ms_per_stroke']} ms", "<= 15 ms", alone["strokes"]),
        row("one person, sent per stroke", f"{alone['bytes_per_stroke']:,} bytes", "-", alone["strokes"]),
        row("one person, messages per stroke", f"{alone['messages_per_stroke']}", "-", alone["strokes"]),
    ]
    for found, target in ((thirty, "< 300 ms"), (hundred, "< 1,000 ms")):
        who, n, took = f"{found['sessions']} people drawing", found["strokes"], found["stroke_to_answer_ms"]
        rows += [
            row(f"{who}, stroke's end to answer, median", f"{took['p50']} ms", "-", n),
            row(f"{who}, stroke's end to answer, 95 %", f"{took['p95']} ms", target, n),
            row(f"{who}, lost and foreign answers", f"{found['lost']}, {found['foreign']}", "0, 0", n),
        ]
    return [
        *rows,
        row("30 people opening the page at once, the last canvas", f"{thirty['open_s']} s", "<= 5 s", 30),
        row("100 people, memory of the app", f"{hundred['memory_mb']} MB", "< 500 MB", 1),
        row("1,000 sessions opened and closed, growth of memory", f"{100 * visits['growth']:.1f} %", "<= 10 %", 1000),
    ]


def main() -> None:
    """Measure as the command line says, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=30, help="people who draw at the same time; 1: as fast as is answered")
    parser.add_argument("--seconds", type=float, default=15, help="for which they draw")
    parser.add_argument("--visits", type=int, default=0, help="sessions to open and close instead, in fifties")
    parser.add_argument("--json", action="store_true", help="print one JSON object, on one line")
    options = parser.parse_args()
    if options.visits:
        found = visit(options.visits)
    else:
        found = draw_alone() if options.n == 1 else draw_together(options.n, options.seconds)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
