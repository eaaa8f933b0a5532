"""`make picture`: a picture of the app for the README, taken of the running app."""

import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from digitrec.datasets.synthetic.samples import own_sample
from digitrec.ink.drawings import Drawing, Stroke
from digitrec.ink.links import simplify, to_link
from tests.browser import chromium
from tests.browser.app import Server, wait_for_canvas


def main(path: Path) -> None:
    """Open a drawn 3 on the Draw page and write a PNG of it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        server = Server(Path(folder) / "log.txt")
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            strokes = own_sample(3, np.random.default_rng(4)).drawing.strokes
            drawing = Drawing(tuple(Stroke(simplify(stroke.points), stroke.width) for stroke in strokes))
            page.goto(f"{server.address}/?drawing={to_link(drawing)}")
            wait_for_canvas(page)
            page.locator('.chain .map[data-speaks="true"]').first.wait_for()
            page.mouse.move(0, 0)
            page.wait_for_timeout(1500)
            page.screenshot(path=path)
        finally:
            server.stop()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
