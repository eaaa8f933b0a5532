"""Datasets: loading each source, the map, the gallery, and memory with several sessions."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from digitrec import load_classifier, load_dataset
from digitrec.datasets import data_folder, is_available, silent
from digitrec.datasets.exploration.maps import make_map
from digitrec.datasets.exploration.projection import to_features
from tests.benchmarks.table import row
from tests.browser import chromium
from tests.browser.app import PATIENCE, Server

SESSIONS = 10
ROWS = 42_000  # of Kaggle's train.csv
TIMES = 3
LOAD = """
import sys, time
from digitrec import load_dataset
import pyarrow.csv, sklearn.model_selection
start = time.perf_counter()
load_dataset(sys.argv[1])
print(time.perf_counter() - start)
"""


def data() -> list[dict[str, Any]]:
    """All measurements on datasets, in a temporary data folder with links to the real one."""
    if not is_available("mnist"):
        print("MNIST is not in the data folder: datasets were not measured.")
        return []
    with _own_folder() as folder:
        return [*loading(folder), *maps(), *pages(folder)]


@contextmanager
def _own_folder() -> Iterator[Path]:
    before = {variable: os.environ.get(variable) for variable in ("DIGITREC_DATA", "DIGITREC_CACHE")}
    with tempfile.TemporaryDirectory() as name:
        for entry in data_folder().absolute().iterdir():
            if entry.is_dir() and entry.name in ("mnist", "pendigits", "qmnist"):
                (Path(name) / entry.name).symlink_to(entry)
        os.environ |= dict.fromkeys(before, name)
        yield Path(name)
    for variable, value in before.items():
        os.environ.pop(variable)
        if value is not None:
            os.environ[variable] = value


def loading(folder: Path) -> list[dict[str, Any]]:
    """Each source, in a new process."""
    images, labels = load_dataset("mnist").train.images[:ROWS], load_dataset("mnist").train.labels[:ROWS]
    frame = pd.DataFrame(images.reshape(ROWS, -1), columns=[f"pixel{index}" for index in range(784)])
    frame.insert(0, "label", labels)
    (folder / "kaggle").mkdir()
    frame.to_csv(folder / "kaggle" / "train.csv", index=False)
    rows = [
        row(f"load {name}, new process, median", f"{_load(name, TIMES):.2f} s", target, TIMES)
        for name, target in (("mnist", "< 1 s"), ("uci", "-"), ("pen", "-"))
    ]
    first = _load("kaggle", 1)
    again = _load("kaggle", TIMES)
    size = f"{ROWS:,} x 785"
    return [
        *rows,
        row(f"load kaggle, {size}, parsed and checked", f"{first:.2f} s", "< 2 s", 1),
        row(f"load kaggle, {size}, cached copy, median", f"{again:.2f} s", "-", TIMES),
    ]


def _load(name: str, times: int) -> float:
    command = [sys.executable, "-c", LOAD, name]
    taken = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(times)]
    return float(np.median(taken))


def maps() -> list[dict[str, Any]]:
    """Projecting 3,000 images of MNIST."""
    images, rows = load_dataset("mnist").train.images, []
    for title, see in (("pixels", to_features), ("features", load_classifier().features)):
        for method in ("PCA", "t-SNE", "t-SNE, cached"):
            start = time.perf_counter()
            make_map(images, see, method.partition(",")[0], 3000, silent)
            rows.append(row(f"map of 3,000, {title}, {method}", f"{time.perf_counter() - start:.1f} s", "-", 1))
    return rows


def pages(folder: Path) -> list[dict[str, Any]]:
    """The gallery in a browser, and the app's memory."""
    path = chromium.find()
    if path is None:
        return []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        server = Server(folder / "log.txt")
        try:
            process = psutil.Process(server.process.pid)
            page = _open(browser, server)
            turned = [_turn(page) for _ in range(10)]
            opened = [_pick(page, index) for index in range(10)]
            one = process.memory_info().rss / 2**20
            for _ in range(SESSIONS - 1):
                _open(browser, server)
            ten = process.memory_info().rss / 2**20
        finally:
            server.stop()
            browser.close()
    return [
        row("gallery, click to next 100 images, median", f"{np.median(turned):.0f} ms", "-", len(turned)),
        row("gallery, click to one image in full, median", f"{np.median(opened):.0f} ms", "-", len(opened)),
        row("memory, MNIST open in one session", f"{one:.0f} MB", "-", 1),
        row(f"memory, MNIST open in {SESSIONS} sessions", f"{ten:.0f} MB", "-", 1),
    ]


def _open(browser: Browser, server: Server) -> Page:
    page = browser.new_context(viewport={"width": 1200, "height": 1400}).new_page()
    page.goto(f"{server.address}/samples")
    page.locator(".gallery button").first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(1000)
    return page


def _turn(page: Page) -> float:
    """ms until the first image of the next page is shown."""
    before = page.locator(".gallery button").first.get_attribute("title")
    start = time.perf_counter()
    page.get_by_test_id("stNumberInputStepUp").last.click()
    page.wait_for_function(
        "before => [...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.gallery button'))"
        ".find(e => e)?.title !== before",
        arg=before,
    )
    return 1000 * (time.perf_counter() - start)


def _pick(page: Page, index: int) -> float:
    """ms until the image that was clicked is named in the heading below."""
    cell = page.locator(".gallery").first.locator("button").nth(index)
    number = (cell.get_attribute("title") or "").rpartition(" ")[2]
    start = time.perf_counter()
    cell.click()
    page.get_by_role("heading", name=f"Image {number}:").wait_for(timeout=PATIENCE)
    return 1000 * (time.perf_counter() - start)
