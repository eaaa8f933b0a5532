"""Digits of people whom no training saw, drawn with the pointer and read off the page."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from digitrec import load_classifier
from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.ink.drawings import CANVAS, Drawing, Stroke, place, render
from digitrec.ink.links import simplify
from tests.browser.app import Server, draw, open_draw, press, settle, verdict

pytestmark = pytest.mark.browser

DIGITS = 50


def naive(strokes: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """The whole canvas resized, as most digit demos do."""
    canvas = Image.fromarray(render(Drawing(tuple(Stroke(points, 18) for points in strokes))))
    return np.asarray(canvas.resize((28, 28), Image.Resampling.BILINEAR))


def on_canvas(digit: PenDigit, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """The digit's strokes as a person might draw them: any size, any place."""
    x, y = rng.uniform(0, CANVAS, 2)
    drawing = place(digit.strokes, 18, rng.uniform(100, 230), (x, y))
    return [simplify(stroke.points, 0.5) for stroke in drawing.strokes]


@pytest.mark.timeout(900)
def test_held_out_writers_are_read_off_the_page(page: Page, server: Server, pen_digits: tuple[PenDigit, ...]) -> None:
    rng = np.random.default_rng(2)
    held_out = split_by_writer(pen_digits)[1]
    chosen = [held_out[i] for i in rng.choice(len(held_out), DIGITS, replace=False)]
    open_draw(page, server.address)
    ways = [on_canvas(digit, rng) for digit in chosen]
    read = []
    for strokes in ways:
        draw(page, strokes)
        settle(page)
        read.append(verdict(page))
        press(page, "Clear")
    right = np.mean([shown == str(digit.label) for shown, digit in zip(read, chosen, strict=True)])
    resized = load_classifier().predict_proba(np.stack([naive(strokes) for strokes in ways])).argmax(axis=1)
    naively_right = np.mean(resized == [digit.label for digit in chosen])
    print(f"read off the page: {right:.1%} of {len(chosen)}; whole canvas resized: {naively_right:.1%}")
    assert naively_right < 0.93
    assert right >= 0.96
