"""The browser that tests drive: on the machine, else fetched. `python -m tests.browser.chromium` makes sure of one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# Without these Chromium looks for its maker's servers at every start.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def find() -> str | None:
    """A Chromium or Chrome on the machine, else Playwright's own; None if there is neither, or no way to drive it."""
    if not _can_drive():
        return None
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found or Path(MAC).is_file():
        return found or MAC
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def _can_drive() -> bool:
    """Whether Playwright's driver starts: it needs a library, libatomic, that a bare Debian lacks."""
    command = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fetch() -> None:
    """Install Playwright's Chromium, or, if that is not possible, Debian's package (as root)."""
    if _can_drive() and _succeeds(
        sys.executable, "-m", "playwright", "install", "--with-deps" if _is_root() else "--no-shell", "chromium"
    ):
        return
    if _is_root() and shutil.which("apt-get"):
        _succeeds("apt-get", "update", "-qq")
        _succeeds("apt-get", "install", "-y", "-qq", "chromium", "libatomic1")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, check=False).returncode == 0


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


if __name__ == "__main__":
    if find() is None:
        print("No Chromium or Chrome that can be driven on this machine: fetching one for the tests.", flush=True)
        fetch()
    if find() is None:
        print("No browser could be had. Install Chromium or Chrome: without one the browser tests are skipped.")
        sys.exit(1 if os.environ.get("CI") else 0)
