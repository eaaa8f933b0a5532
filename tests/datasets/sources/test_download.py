import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from digitrec.datasets.sources import download
from digitrec.datasets.sources.download import fetch
from digitrec.errors import DataError

CONTENT = bytes(range(256)) * 4000
FILES = {"some/file.gz": hashlib.sha256(CONTENT).hexdigest()}


class Handler(BaseHTTPRequestHandler):
    """Serves /<manner>/file.gz whole, cut short, changed, slowly, or not at all."""

    def do_GET(self) -> None:
        manner = self.path.split("/")[1]
        if manner == "missing":
            self.send_error(404)
            return
        body = CONTENT[:-1] + b"!" if manner == "changed" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if manner == "silent":
            time.sleep(3)
            return
        for start in range(0, len(body), 100_000):
            if manner == "cut" and start:
                return
            self.wfile.write(body[start : start + 100_000])
            if manner == "slow":
                time.sleep(0.02)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    monkeypatch.setattr(download, "TIMEOUT", 1)
    return tmp_path


def found(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("manner", ["whole", "slow"])
def test_a_file_is_fetched_whole(server: str, folder: Path, manner: str) -> None:
    fetch(FILES, [f"{server}/{manner}/"])
    assert (folder / "some/file.gz").read_bytes() == CONTENT
    assert found(folder) == ["file.gz"]


@pytest.mark.parametrize(
    ("manner", "told"),
    [
        ("cut", "connection failed"),
        ("changed", "not the published one"),
        ("silent", "connection failed|timed out"),
        ("missing", "HTTP status 404"),
    ],
)
def test_nothing_half_fetched_is_left(server: str, folder: Path, manner: str, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        fetch(FILES, [f"{server}/{manner}/"])
    assert found(folder) == []
    assert str(folder / "some") in str(caught.value)


def test_the_next_mirror_is_tried(server: str, folder: Path) -> None:
    fetch(FILES, [f"{server}/missing/", f"{server}/cut/", f"{server}/changed/", f"{server}/whole/"])
    assert (folder / "some/file.gz").read_bytes() == CONTENT


def test_no_server_is_told_with_where_to_put_the_file(folder: Path) -> None:
    with pytest.raises(DataError, match=r"connection failed.*or copy the file"):
        fetch(FILES, ["http://127.0.0.1:1/"])
    assert found(folder) == []


def test_what_is_there_is_not_asked_for(folder: Path) -> None:
    (folder / "some").mkdir()
    (folder / "some/file.gz").write_bytes(b"mine")
    fetch(FILES, ["http://127.0.0.1:1/"])
    assert (folder / "some/file.gz").read_bytes() == b"mine"


def test_progress_is_told(server: str) -> None:
    class Bar:
        def __init__(self) -> None:
            self.total, self.seen = 0, list[int]()

        def update(self, count: int) -> None:
            self.seen.append(count)

        def reset(self) -> None:
            self.seen.clear()

        def close(self) -> None:
            pass

    bar = Bar()
    fetch(FILES, [f"{server}/whole/"], lambda _: bar)
    assert bar.total == len(CONTENT)
    assert sum(bar.seen) >= len(CONTENT)
