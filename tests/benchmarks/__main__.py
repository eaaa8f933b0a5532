"""`make bench`: measure speed, accuracy and memory, print a table, and write build/bench.json.

Each row states n, the number of measurements. Nothing is asserted, because a busy machine must not fail a build. Single
benchmarks can be named, as in `python -m tests.benchmarks reading app`.
"""

import base64
import io
import json
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import sync_playwright

from digitrec import load_classifier
from digitrec.datasets.sources.pen import load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.errors import DataError
from digitrec.evaluation.metrics import measure_proportion
from digitrec.evaluation.saliency import occlusion
from digitrec.ink.drawings import render
from digitrec.ink.links import to_link
from tests.benchmarks.beside import beside_training
from tests.benchmarks.card import card
from tests.benchmarks.data import data
from tests.benchmarks.drawing import drawing
from tests.benchmarks.files import files
from tests.benchmarks.mistakes import mistakes
from tests.benchmarks.numbers import numbers
from tests.benchmarks.photographs import photographs
from tests.benchmarks.room import room
from tests.benchmarks.table import median_ms, row
from tests.benchmarks.training import race, training
from tests.browser import chromium
from tests.browser.app import Server

SEED = 0
OUT = Path("build/bench.json")
# Draws as the canvas component does: quadratic curves through the midpoints between pointer positions.
DRAW = """(drawings) => drawings.map((strokes) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 280, height: 280 })
  const pen = canvas.getContext('2d')
  pen.lineCap = pen.lineJoin = 'round'
  for (const [width, points] of strokes) {
    pen.lineWidth = width
    pen.beginPath()
    pen.moveTo(...points[0])
    for (let i = 1; i < points.length - 1; i++) {
      const [x, y] = points[i]
      pen.quadraticCurveTo(x, y, (x + points[i + 1][0]) / 2, (y + points[i + 1][1]) / 2)
    }
    pen.lineTo(...points.at(-1))
    pen.stroke()
  }
  return canvas.toDataURL()
})"""


def main() -> None:
    """Run all benchmarks, or those named on the command line, and print the results."""
    parts = {
        "reading": reading,
        "canvas": real_canvas,
        "card": card,
        "app": app,
        "data": data,
        "race": race,
        "training": training,
        "beside": beside_training,
        "mistakes": mistakes,
        "numbers": numbers,
        "photographs": photographs,
        "files": files,
        "drawing": drawing,
        "room": room,
    }
    if unknown := set(sys.argv[1:]) - set(parts):
        sys.exit(
            f"Expected benchmarks among {', '.join(parts)}. Received: {', '.join(sorted(unknown))}. Check the names."
        )
    print(f"{platform.processor() or platform.machine()}, {psutil.cpu_count()} cores, seed {SEED}")
    rows = []
    for name in sys.argv[1:] or parts:
        for line in parts[name]():
            print(f"{line['what']:<56}  {line['value']:>14}  target {line['target']:<16} n = {line['n']}", flush=True)
            rows.append(line)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"machine": platform.platform(), "cores": psutil.cpu_count(), "rows": rows}, indent=2))
    print(f"\nWrote {OUT}.")


def reading() -> list[dict[str, Any]]:
    """Speed of the classifier, without the app."""
    classifier, rng = load_classifier(), np.random.default_rng(SEED)
    canvas = render(own_sample(3, rng).drawing)
    images = rng.integers(0, 256, (5120, 28, 28), dtype=np.uint8)
    image = classifier.read(canvas).preprocessed.image
    assert image is not None
    batch = median_ms(lambda: classifier.predict_proba(images), 5)
    return [
        row(
            "one image, predict_proba, median",
            f"{median_ms(lambda: classifier.predict_proba(image[None]), 500):.3f} ms",
            "< 1 ms",
            500,
        ),
        row(
            "one drawing, preprocessed and read, median",
            f"{median_ms(lambda: classifier.read(canvas), 200):.3f} ms",
            "-",
            200,
        ),
        row("throughput in batches, median", f"{len(images) / batch * 1000:,.0f} images/s", "-", 5 * len(images)),
        row(
            "occlusion map, median",
            f"{median_ms(lambda: occlusion(classifier.predict_proba, image, 3), 30):.1f} ms",
            "< 60 ms",
            30,
        ),
    ]


def real_canvas() -> list[dict[str, Any]]:
    """Accuracy on the held-out pen writers' digits, drawn by the browser on a 280 x 280 canvas at random sizes."""
    path, rng = chromium.find(), np.random.default_rng(SEED)
    try:
        held_out = split_by_writer(load_pen_digits())[1]
    except DataError as error:
        print(error)
        return []
    if path is None:
        return []
    drawings = [draw_at_random(digit.strokes, rng) for digit in held_out]
    strokes = [[[stroke.width, stroke.points.tolist()] for stroke in drawing.strokes] for drawing in drawings]
    classifier, correct = load_classifier(), 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        page = browser.new_page()
        for start in range(0, len(strokes), 50):
            pictures = page.evaluate(DRAW, strokes[start : start + 50])
            for picture, digit in zip(pictures, held_out[start:], strict=False):
                content = base64.b64decode(picture.partition(",")[2])
                canvas = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
                correct += classifier.read(canvas).digit == digit.label
        browser.close()
    figure = measure_proportion("accuracy", "pen digits", np.arange(len(strokes)) < correct)
    interval = f"{100 * figure.low:.2f} to {100 * figure.high:.2f}"
    return [
        row("accuracy, held-out writers, drawn by the browser", f"{100 * figure.value:.2f} %", "> 98.5 %", figure.n),
        row("  95 % confidence interval, in percent", interval, "-", figure.n),
    ]


def app() -> list[dict[str, Any]]:
    """Start and memory of the app, in a browser."""
    path = chromium.find()
    if path is None:
        print("No browser: the app was not measured.")
        return []
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        start = time.perf_counter()
        server = Server(Path(folder) / "log.txt")
        up = time.perf_counter()
        try:
            page = browser.new_page(viewport={"width": 1200, "height": 1000})
            page.goto(f"{server.address}/?drawing={to_link(own_sample(7, rng).drawing)}")
            page.locator("canvas.upper-canvas").wait_for()
            canvas = time.perf_counter()
            page.wait_for_function(
                "[...document.querySelectorAll('*')].some(e => +e.shadowRoot?.querySelector('.live')?.dataset.seen > 0)"
            )
            first = time.perf_counter()
            process = psutil.Process(server.process.pid)
            memory = process.memory_info().rss / 2**20
            loads_tensorflow = any("tensorflow" in part.path for part in process.memory_maps())
        finally:
            server.stop()
            browser.close()
    return [
        row("app start to a usable canvas", f"{canvas - start:.1f} s", "-", 1),
        row("server ready to first verdict on a new page", f"{first - up:.1f} s", "< 3 s", 1),
        row("memory of the app", f"{memory:.0f} MB", "< 350 MB", 1),
        row("TensorFlow loaded in the app process", "yes" if loads_tensorflow else "no", "no", 1),
    ]


if __name__ == "__main__":
    main()
