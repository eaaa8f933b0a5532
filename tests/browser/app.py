"""The app as its users have it: a server of its own, and the gestures of people on its page."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from digitrec.ink.drawings import CANVAS

ROOT = Path(__file__).parents[2]
PATIENCE = 45_000  # ms, for a machine that is busy
SAMPLE = "mnist-sample.npz"  # the dataset of that name, which is there with and without MNIST: see tests/data
# A page that was left closes its connection while something is still on its way to it.
HARMLESS = re.compile(r"WebSocketClosedError|StreamClosedError|ConnectionResetError")


class Server:
    """A running app: its address, its process, and what it logs."""

    def __init__(self, log: Path, port: int | None = None, **environment: str) -> None:
        self.port, self.log, self.environment = port or _free_port(), log, environment
        self.address = f"http://localhost:{self.port}"
        log.write_bytes(b"")
        self.start()

    def start(self) -> None:
        """Start the process, at first or after `stop`, and wait until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)],
                cwd=ROOT,
                env={"DIGITREC_CACHE": str(self.log.parent / "cache")} | os.environ | self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def errors(self) -> list[str]:
        """The lines of the log that tell of an exception."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if re.search(r"Traceback|Error\b|Exception", line) and not HARMLESS.search(line)]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)

    def crash(self) -> None:
        """End the process at once, connections and all."""
        self.process.kill()
        self.process.wait(10)

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"The app did not start:\n{self.log.read_text('utf-8', 'replace')}")


@contextmanager
def serve(log: Path, port: int | None = None, **environment: str) -> Iterator[Server]:
    """A server that is stopped afterwards."""
    server = Server(log, port, **environment)
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def open_draw(page: Page, address: str) -> None:
    """Open the Draw page and wait until it can be drawn on."""
    page.goto(address)
    wait_for_canvas(page)


def wait_for_canvas(page: Page) -> None:
    """Wait for the canvas, and for its companion to have looked at it."""
    expect(page.locator("canvas.upper-canvas")).to_have_count(1, timeout=PATIENCE)  # while sheets change there are two
    expect(page.locator("canvas.upper-canvas")).to_be_visible(timeout=PATIENCE)
    page.wait_for_selector('.live[aria-busy="false"]', timeout=PATIENCE)
    settle(page)


def draw(page: Page, strokes: Sequence[NDArray[np.float32]], pause: float = 0.0) -> None:
    """Draw with the mouse: x, y in canvas pixels; `pause` seconds between two places."""
    for stroke in strokes:
        for index, (x, y) in enumerate(on_screen(page, stroke)):
            page.mouse.move(x, y)
            if index == 0:
                page.mouse.down()
            if pause:
                time.sleep(pause)
        page.mouse.up()


def on_screen(page: Page, points: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Where (k, 2) places in canvas pixels are in the window."""
    canvas = page.locator("canvas.upper-canvas").bounding_box()
    assert canvas
    scale = canvas["height"] / CANVAS
    return [(canvas["x"] + scale * x, canvas["y"] + scale * y) for x, y in points.tolist()]


def settle(page: Page) -> None:
    """Wait until the verdict is that of what is on the canvas: nothing sent or awaited for a fifth of a second."""
    still, last, deadline = 0, None, time.monotonic() + PATIENCE / 1000
    while still < 4 and time.monotonic() < deadline:
        page.wait_for_timeout(50)
        # While sheets change there are two.
        state = page.locator(".live").evaluate_all("all => all.map(one => [one.ariaBusy, one.dataset.sent])")
        still = still + 1 if state == last and len(state) == 1 and state[0][0] == "false" else 0
        last = state
    assert still == 4, f"The verdict did not settle: {last}"


def verdict(page: Page) -> str:
    """What is shown large: a digit, "?" for not sure, or nothing."""
    return page.locator('[data-part="shown"]').inner_text().strip()


def pixels(page: Page) -> NDArray[np.uint8]:
    """The (28, 28) image that the network was given, ink 255 on 0, as the page shows it."""
    shown = page.locator('[data-part="pixels"]').evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data).filter((v, i) => i % 4 == 0)"
    )
    return np.array(shown, np.uint8).reshape(28, 28)


def words(page: Page) -> str:
    """The verdict in words."""
    return page.locator('[data-part="words"]').inner_text()


def press(page: Page, name: str) -> None:
    """Press a button of the page, and wait for what it does to the canvas."""
    page.get_by_role("button", name=name).click()
    page.wait_for_timeout(200)
    wait_for_canvas(page)


SEVEN = [np.array([(70, 60), (130, 60), (200, 60), (180, 110), (150, 160), (125, 230)], np.float32)]
ONE = [np.array([(140, 40), (140, 90), (140, 140), (140, 190), (140, 240)], np.float32)]
