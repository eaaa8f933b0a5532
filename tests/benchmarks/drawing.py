"""Digits drawn at human speed, and the latency of their verdicts."""

import time
from itertools import cycle, islice, pairwise

import numpy as np
from playwright.sync_api import Page

from digitrec.datasets.synthetic.samples import OWN, own_sample
from digitrec.ink.drawings import Drawing, place_strokes
from tests.browser.app import Server, on_screen, open_draw, press, settle

WATCH = """() => {
  const live = [...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.live')).find(e => e)
  window.seen = []
  window.lifted = null
  document.addEventListener('pointerup', () => { window.lifted = performance.now() }, true)
  document.addEventListener('mouseup', () => { window.lifted ??= performance.now() }, true)
  let last = live.dataset.seen
  const note = () => {
    if (live.dataset.seen !== last) window.seen.push([performance.now(), +live.dataset.seen, +live.dataset.sent])
    last = live.dataset.seen
  }
  new MutationObserver(note).observe(live, { attributes: true, attributeFilter: ['data-seen'] })
}"""


def while_drawing(page: Page, server: Server, n: int, rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """For each of n digits: ms from pen-up to the final verdict, and verdicts per second before pen-up."""
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
    return lifted, rates


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
