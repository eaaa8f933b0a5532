import gc
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from digitrec.storage import top_folder

# Visits pages in a process without any of the settings that the Makefile gives to tests.
VISIT = """
import gc, json, socket, sys
from streamlit.testing.v1 import AppTest
from threadpoolctl import threadpool_info
plain = socket.socket()  # as Streamlit makes it
plain.bind(("localhost", 0))
plain.listen()

def connect():
    clients.append(socket.create_connection(plain.getsockname()))
    return plain.accept()[0]

clients, found = [], []
early = connect()
app = AppTest.from_file("app.py", default_timeout=60)
for page in (None, "pages/labels.py"):
    app = app.run() if page is None else app.switch_page(page).run()
    assert not app.exception
    found.append({
        "frozen": gc.get_freeze_count(),
        "left": len(gc.get_objects()),
        "threads": [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"],
        "at once": [bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for one in (early, connect())],
    })
print(json.dumps(found))
"""


def visit() -> list[dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", VISIT], cwd=top_folder(), env=environment, capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_every_page_loads_is_set_up_for_many_people() -> None:
    draw, samples = visit()
    for found in (draw, samples):
        assert found["frozen"] > 10 * found["left"], "the garbage collection walks through what was loaded"
        assert set(found["threads"]) == {1}
        assert found["at once"] == [True, True]
    assert samples["frozen"] > draw["frozen"], "what another page loads is not taken out of the garbage collection"


def test_streamlit_collects_no_garbage_after_each_run_wherever_it_is_started(tmp_path: Path) -> None:
    ask = (
        "from streamlit import config; config._main_script_path = {app!r};"
        "config.get_config_options(force_reparse=True);"
        "print(config.get_option('runner.postScriptGC'))"
    )
    command = [sys.executable, "-c", ask.format(app=str(top_folder() / "app.py"))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_garbage_that_comes_later_is_collected() -> None:
    from digitrec.ui import process

    class Ring:
        alive = 0
        kept: Any

        def __init__(self) -> None:
            self.own = self
            Ring.alive += 1

        def __del__(self) -> None:
            Ring.alive -= 1

    try:
        process.settle()
        for _ in range(10):
            Ring()
        assert Ring.alive == 10
        gc.collect()
        assert Ring.alive == 0
        Ring.kept = Ring()
        process._settled = 0
        process.settle()
        del Ring.kept  # a session that was there, and has gone
        process._settled = 0
        process.settle()
        assert Ring.alive == 0
    finally:
        gc.unfreeze()
        process._settled = 0


def test_a_connection_over_a_path_is_left_alone() -> None:
    from digitrec.ui import process

    one, other = socket.socketpair()
    with one, other:
        process._send_at_once()
        one.sendall(b"still works")
        assert other.recv(20) == b"still works"
