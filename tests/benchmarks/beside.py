"""Latency of the Draw page, and memory, during a training."""

import re
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import Browser, Page, expect, sync_playwright

from digitrec.training.run_folders import runs, signals
from tests.benchmarks.drawing import describe, while_drawing
from tests.benchmarks.table import row
from tests.browser import chromium
from tests.browser.app import Server

MOVED = "() => document.querySelector('.st-key-curve-accuracy .scatterlayer :is(.js-line, .point)')"
PRESSED = 5  # times
DRAWN = 8  # digits, without and during a training
WARMUP = 12  # seconds in which the waiting worker loads TensorFlow
PATIENCE = 120_000  # ms


def beside_training() -> list[dict[str, Any]]:
    """Draw, press Train, and draw again."""
    path = chromium.find()
    if path is None:
        print("No browser: drawing during a training was not measured.")
        return []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        server = Server(Path(folder) / "log.txt", DIGITREC_RUNS=f"{folder}/runs")
        try:
            return measure(browser, server, Path(folder) / "runs")
        finally:
            server.stop()
            browser.close()


def measure(browser: Browser, server: Server, folder: Path) -> list[dict[str, Any]]:
    """The rows of the table."""
    rng = np.random.default_rng(0)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    before = while_drawing(page, server, DRAWN, rng)

    moved = []
    for press in range(PRESSED):
        if press:
            stop(folder)
            runs.delete(newest(folder))  # so that its curves are not taken for those of the next run
        moved.append(press_train(page, server))

    worker = find_worker(folder)
    during = while_drawing(page, server, DRAWN, rng)
    app = psutil.Process(server.process.pid).memory_info().rss / 2**20
    status = Path(f"/proc/{worker.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    still = runs.read(newest(folder)).state.name
    stop(folder)
    return [
        row("Train pressed to first curve, worker waiting, median", f"{np.median(moved):.1f} s", "< 3 s", PRESSED),
        *describe(before, "before a training"),
        *describe(during, "during a training"),
        row("state of the training afterwards", still, runs.TRAINING, 1),
        row("memory of the app during a training", f"{app:.0f} MB", "-", 1),
        row("peak memory of the worker", f"{int(peak[1]) / 1024:.0f} MB" if peak else "?", "-", 1),
    ]


def press_train(page: Page, server: Server) -> float:
    """Seconds from pressing the button to the first point of a curve."""
    page.goto(f"{server.address}/train?network=cnn-three-blocks")
    button = page.get_by_role("button", name="Train", exact=True)
    expect(button).to_be_enabled(timeout=PATIENCE)
    time.sleep(WARMUP)
    pressed = time.perf_counter()
    button.click()
    page.wait_for_function(MOVED, polling=20)
    return time.perf_counter() - pressed


def stop(folder: Path) -> None:
    """Stop the latest run."""
    run = newest(folder)
    signals.request_stop(run)
    while runs.read_state(run).is_under_way:  # its process remains a zombie until the app starts another
        time.sleep(0.2)


def newest(folder: Path) -> Path:
    """The latest run."""
    return max(folder.glob("*-cnn-three-blocks"))


def find_worker(folder: Path) -> psutil.Process:
    """The process that trains in this folder."""
    workers = [
        one for one in psutil.process_iter(["cmdline"]) if "digitrec.training.worker" in (one.info["cmdline"] or [])
    ]
    for worker in workers:
        held = [file.path for file in worker.open_files() if file.path.endswith("alive.lock")]
        if any(path.startswith(f"{folder}/") for path in held):
            return worker
    raise RuntimeError(f"Expected a process that trains in {folder}. Received: none.")
