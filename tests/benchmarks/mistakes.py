"""Evaluation and explanation of mistakes: the time of each step, without the app and on the page."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import expect, sync_playwright

from digitrec import load_classifier, load_dataset
from digitrec.datasets import is_available
from digitrec.datasets.exploration.neighbours import make_index, nearest
from digitrec.datasets.exploration.properties import measure_images
from digitrec.evaluation.calibration import coverage, expected_calibration_error
from digitrec.evaluation.counterfactuals import smallest_change
from digitrec.evaluation.label_errors import rank_doubts
from digitrec.evaluation.metrics import confusion, per_digit
from digitrec.evaluation.predictions import Filter, find, tabulate
from tests.benchmarks.table import median_ms, row
from tests.browser import chromium
from tests.browser.app import Server

PATIENCE = 60_000  # ms
CLICKS = 10


def mistakes() -> list[dict[str, Any]]:
    """Without the app, and on the page."""
    if not is_available("mnist"):
        print("MNIST is not in the data folder: mistakes were not measured.")
        return []
    return [*core(), *page()]


def core() -> list[dict[str, Any]]:
    """Without the app."""
    data, classifier = load_dataset("mnist"), load_classifier()
    test = data.test
    start = time.perf_counter()
    probabilities = classifier.predict_proba(test.images)
    read = time.perf_counter() - start

    def evaluate() -> None:
        table = tabulate(probabilities, test.labels, measure_images(test.images, test.labels), test.writers)
        find(table, Filter())
        confusion(test.labels, table["read"].to_numpy())
        per_digit(test.labels, table["read"].to_numpy())
        expected_calibration_error(probabilities, test.labels)

    mistake = int(np.flatnonzero(probabilities.argmax(axis=1) != test.labels)[0])
    features = np.concatenate([classifier.features(part) for part in np.array_split(data.train.images, 60)])
    index, of = make_index(features), classifier.features(test.images[mistake : mistake + 1])
    image, label = test.images[mistake], int(test.labels[mistake])
    return [
        row("10,000 images, predicted", f"{read:.2f} s", "< 2 s", 1),
        row("10,000 predictions, evaluated, median", f"{median_ms(evaluate, 5):.0f} ms", "-", 5),
        row(
            "coverage curve of 10,000 predictions, median",
            f"{median_ms(lambda: coverage(probabilities, test.labels), 5):.0f} ms",
            "-",
            5,
        ),
        row(
            "label errors, median",
            f"{median_ms(lambda: rank_doubts(test.labels, probabilities), 5):.0f} ms",
            "-",
            5,
        ),
        row(
            f"nearest neighbours among {len(features):,}, median",
            f"{median_ms(lambda: nearest(index, of), 20):.0f} ms",
            "< 50 ms",
            20,
        ),
        row(
            "counterfactual of one image, median",
            f"{median_ms(lambda: smallest_change(classifier.predict_proba, image, label), 5):.0f} ms",
            "-",
            5,
        ),
    ]


def page() -> list[dict[str, Any]]:
    """In a browser, on MNIST's test part."""
    path = chromium.find()
    if path is None:
        print("No browser: the Mistakes page was not measured.")
        return []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        server = Server(Path(folder) / "log.txt", DIGITREC_CACHE=str(Path(folder) / "cache"))
        try:
            tab = browser.new_page(viewport={"width": 1200, "height": 1000})
            tab.goto(server.address)
            expect(tab.locator("canvas.upper-canvas")).to_be_visible(timeout=PATIENCE)
            opened = []
            for _ in range(2):
                start = time.perf_counter()
                tab.goto(f"{server.address}/mistakes")
                expect(tab.locator(".gallery button").first).to_be_visible(timeout=PATIENCE)
                opened.append(time.perf_counter() - start)
            clicks = []
            for place in range(CLICKS):
                button = tab.locator(".gallery button").nth(place)
                number = f"Image {int(button.get_attribute('data-place') or 0):,}:"
                start = time.perf_counter()
                button.click()
                expect(tab.get_by_role("heading", name=number)).to_be_visible(timeout=PATIENCE)
                clicks.append(time.perf_counter() - start)
            memory = psutil.Process(server.process.pid).memory_info().rss / 2**20
        finally:
            server.stop()
            browser.close()
    return [
        row("Mistakes page opened to images shown, first time", f"{opened[0]:.1f} s", "-", 1),
        row("Mistakes page opened to images shown, again", f"{opened[1]:.1f} s", "-", 1),
        row("click on a mistake to its details, median", f"{1000 * np.median(clicks):.0f} ms", "-", len(clicks)),
        row("memory of the app afterwards", f"{memory:.0f} MB", "-", 1),
    ]
