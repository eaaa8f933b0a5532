"""Digits drawn at human speed in Chromium: the latency of their verdicts, and how smoothly the page runs meanwhile."""

import tempfile
import time
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from digitrec.datasets.synthetic.samples import OWN, own_sample
from digitrec.ink.drawings import Drawing, place_strokes
from tests.benchmarks.table import row
from tests.browser import chromium
from tests.browser.app import Server, on_screen, open_draw, press, settle

DRAWN = 20  # digits
SLOW = 400  # ms, the latency of a slow network

WATCH = """() => {
  const live = [...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.live')).find(e => e)
  window.seen = []
  window.lifted = null
  window.stalls = []
  new PerformanceObserver((list) => window.stalls.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ entryTypes: ['longtask'] })
  document.addEventListener('pointerup', () => { window.lifted = performance.now() }, true)
  document.addEventListener('mouseup', () => { window.lifted ??= performance.now() }, true)
  let last = live.dataset.seen
  const note = () => {
    if (live.dataset.seen !== last) window.seen.push([performance.now(), +live.dataset.seen, +live.dataset.sent])
    last = live.dataset.seen
  }
  new MutationObserver(note).observe(live, { attributes: true, attributeFilter: ['data-seen'] })
}"""


@dataclass(frozen=True)
class Drawn:
    """How some digits were read while they were drawn.

    Attributes
    ----------
    lifted : ms from pen-up to the final verdict, for each digit.
    rates : verdicts per second before pen-up, for each digit.
    stalls : ms, the durations of all tasks over 50 ms that blocked the page.
    """

    lifted: list[float]
    rates: list[float]
    stalls: list[float]


def drawing() -> list[dict[str, Any]]:
    """Draw on a fast and on a slow network."""
    path = chromium.find()
    if path is None:
        print("No browser: drawing was not measured.")
        return []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        server = Server(Path(folder) / "log.txt")
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            fast = while_drawing(page, server, DRAWN, np.random.default_rng(0))
            delay(page, SLOW)
            slow = while_drawing(page, server, DRAWN, np.random.default_rng(0))
        finally:
            server.stop()
            browser.close()
    return [*describe(fast, "on this machine"), *describe(slow, f"network latency {SLOW} ms")]


def describe(drawn: Drawn, where: str) -> list[dict[str, Any]]:
    """The rows of the table for some digits."""
    n = len(drawn.lifted)
    return [
        row(f"pen-up to verdict, median, {where}", f"{np.median(drawn.lifted):.0f} ms", "< 50 ms", n),
        row("  95th percentile", f"{np.quantile(drawn.lifted, 0.95):.0f} ms", "-", n),
        row(f"verdicts per second, median, {where}", f"{np.median(drawn.rates):.1f} /s", "> 25 /s", len(drawn.rates)),
        row(f"tasks over 50 ms on the page, {where}", f"{len(drawn.stalls)}", "0", n),
        row("  the longest", f"{max(drawn.stalls, default=0):.0f} ms", "-", len(drawn.stalls)),
    ]


def delay(page: Page, latency: float) -> None:
    """Delay everything that the page sends and receives by that many ms."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", limits)


def while_drawing(page: Page, server: Server, n: int, rng: np.random.Generator) -> Drawn:
    """Draw n digits, one after the other."""
    open_draw(page, server.address)
    page.evaluate(WATCH)
    lifted, rates = [], []
    for digit in islice(cycle(OWN), n):
        slowly(page, own_sample(digit, rng).drawing)
        settle(page)
        up, seen = page.evaluate("[window.lifted, window.seen]")
        after = [when - up for when, number, sent in seen if when > up and number == sent]
        before = [when for when, *_ in seen if when <= up]
        if after:
            lifted.append(min(after))
        if len(before) > 2:
            rates.append((len(before) - 1) / (before[-1] - before[0]) * 1000)
        press(page, "Clear")
        page.evaluate("window.seen = []; window.lifted = null")
    return Drawn(lifted, rates, page.evaluate("window.stalls"))


def slowly(page: Page, drawing: Drawing) -> None:
    """Draw at human speed, about 250 pixels per second, as one stroke."""
    points = np.concatenate(
        [stroke.points for stroke in place_strokes([s.points for s in drawing.strokes], 18, 200, (140, 140)).strokes]
    )
    pieces = [
        np.linspace(start, end, 1 + max(1, round(float(np.hypot(*(end - start))) / 4)))[1:]
        for start, end in pairwise(points)
    ]
    places = on_screen(page, np.concatenate([points[:1], *pieces]))
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y)
        time.sleep(0.016)
    page.mouse.up()
