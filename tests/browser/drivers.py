"""Browsers with other engines than Chromium's, each driven in the terms of W3C WebDriver: Firefox and WebKit."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from marionette_driver.errors import MarionetteException
from marionette_driver.marionette import Marionette
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.command import Command
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

NEEDED = {"firefox-esr": "firefox-esr", "WebKitWebDriver": "webkit2gtk-driver", "Xvfb": "xvfb"}  # program: its package
FAILURES = (MarionetteException, WebDriverException)  # of a browser, or of a script that it ran

Actions = Sequence[dict[str, Any]]


class Engine(Protocol):
    """A running browser with one window."""

    name: str
    version: str

    def open(self, address: str) -> None:
        """Go to an address, or there again."""

    def run(self, script: str, *values: Any) -> Any:
        """What a script in the page returns."""

    def point(self, actions: Actions) -> None:
        """Use the mouse: WebDriver's pointer actions."""

    def resize(self, width: int, height: int) -> None:
        """Make the inside of the window that large, in pixels."""

    def picture(self) -> bytes:
        """The inside of the window as PNG."""


def missing() -> list[str]:
    """The Debian packages that are needed and not on this machine."""
    return [package for program, package in NEEDED.items() if not shutil.which(program)]


@contextmanager
def firefox() -> Iterator[Engine]:
    """Firefox, driven by its own protocol, which needs no geckodriver."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"workspace": folder, "gecko_log": str(Path(folder) / "firefox.log")}
        browser = Marionette(bin=shutil.which("firefox-esr"), app="fxdesktop", headless=True, port=0, **places)
        try:
            browser.start_session()
            yield _Firefox(browser)
        finally:
            browser.cleanup()
            browser.instance.profile.restore = False  # a new one, which its destructor would delete too late


@contextmanager
def webkit() -> Iterator[Engine]:
    """WebKitGTK's MiniBrowser, on a screen that nobody sees."""
    with _screen() as display:
        service = Service(shutil.which("WebKitWebDriver"), env={**os.environ, "DISPLAY": display, "GDK_BACKEND": "x11"})
        browser = webdriver.WebKitGTK(options=Options(), service=service)
        try:
            yield _WebKit(browser)
        finally:
            browser.quit()


@contextmanager
def _screen() -> Iterator[str]:
    """A virtual screen; gives its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as number:
                yield f":{number.readline().strip()}"
        finally:
            server.terminate()


class _Firefox:
    name = "Firefox"

    def __init__(self, browser: Marionette) -> None:
        self._browser = browser
        self.version = browser.session_capabilities["browserVersion"]

    def open(self, address: str) -> None:
        self._browser.navigate(address)

    def run(self, script: str, *values: Any) -> Any:
        return self._browser.execute_script(script, script_args=values, sandbox=None)

    def point(self, actions: Actions) -> None:
        self._browser.actions.perform([_mouse(actions)])

    def resize(self, width: int, height: int) -> None:
        self._browser.set_window_rect(**_outside(self, width, height))

    def picture(self) -> bytes:
        return self._browser.screenshot(format="binary", full=False)


class _WebKit:
    name = "WebKit"

    def __init__(self, browser: webdriver.WebKitGTK) -> None:
        self._browser = browser
        self.version = browser.capabilities["browserVersion"]

    def open(self, address: str) -> None:
        self._browser.get(address)

    def run(self, script: str, *values: Any) -> Any:
        return self._browser.execute_script(script, *values)

    def point(self, actions: Actions) -> None:
        self._browser.execute(Command.W3C_ACTIONS, {"actions": [_mouse(actions)]})

    def resize(self, width: int, height: int) -> None:
        self._browser.set_window_rect(**_outside(self, width, height))

    def picture(self) -> bytes:
        return self._browser.get_screenshot_as_png()


def _mouse(actions: Actions) -> dict[str, Any]:
    return {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}


def _outside(engine: Engine, width: int, height: int) -> dict[str, int]:
    """The size of a window whose inside has the size given."""
    frame_width, frame_height = engine.run("return [outerWidth - innerWidth, outerHeight - innerHeight]")
    return {"width": width + frame_width, "height": height + frame_height}
