"""Digits of people whom no training saw, drawn with the pointer and read off the page.

How many of all their digits are read is counted without a browser, on our own drawings of them. What is shown here is
that the page draws and reads them as we do.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from digitrec import preprocess
from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.ink.drawings import CANVAS, Drawing, Stroke, place_strokes, render
from digitrec.ink.links import simplify
from digitrec.networks.classifier import Classifier
from tests.browser.app import Server, draw, open_draw, pixels, press, settle, verdict

pytestmark = pytest.mark.browser

LABELS = (2, 4, 5, 8)  # one stroke and two, loops and corners
PEN = 18  # pixels of the canvas


def on_canvas(digit: PenDigit, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """The digit's strokes as a person might draw them: any size, any place."""
    x, y = rng.uniform(0, CANVAS, 2)
    drawing = place_strokes(digit.strokes, PEN, rng.uniform(100, 230), (x, y))
    return [simplify(stroke.points, 1.5) for stroke in drawing.strokes]


def test_held_out_writers_are_drawn_and_read_as_without_a_browser(
    page: Page, server: Server, pen_digits: tuple[PenDigit, ...], classifier: Classifier
) -> None:
    rng = np.random.default_rng(2)
    held_out = split_by_writer(pen_digits)[1]
    chosen = [next(d for d in held_out[rng.integers(len(held_out)) :] if d.label == label) for label in LABELS]
    open_draw(page, server.address)
    right = 0
    for digit in chosen:
        strokes = on_canvas(digit, rng)
        draw(page, strokes)
        settle(page)
        canvas = render(Drawing(tuple(Stroke(points, PEN) for points in strokes)))
        ours = preprocess(canvas).image
        assert ours is not None
        assert np.abs(pixels(page) - ours.astype(int)).mean() < 4, digit.label  # edges differ a little
        reading = classifier.read(canvas, strokes)
        assert verdict(page) == ("?" if reading.unsure else str(reading.digit))
        right += reading.digit == digit.label
        press(page, "Clear")
    assert right >= len(LABELS) - 1
