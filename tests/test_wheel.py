"""The wheel as a user installs it.

The wheel is built by pip and installed into a fresh environment in an empty folder. Its dependencies are not downloaded
again, since TensorFlow alone is 274 MB: the fresh environment sees those of the environment that runs the tests, listed
after its own packages. That the listed dependencies are complete is checked by comparing their names with what the
code imports.
"""

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from digitrec import __version__

ROOT = Path(__file__).parent.parent
BUNDLE = "digitrec/bundle"
RUN_PAGES = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from digitrec.storage import top_folder

app = AppTest.from_file(str(top_folder() / "app.py"), default_timeout=60).run()
assert not app.exception, app.exception
[button] = [button for button in app.button if button.label == "Sample digit"]
button.click().run()
assert not app.exception, app.exception
app.switch_page("pages/network.py").run()
assert not app.exception, app.exception
print(app.title[0].value, Path(sys.modules["digitrec"].__file__).parent, sep="\\n")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT)]
    bytecode = ROOT / "pages" / "__pycache__" / "left.pyc"  # as a program that imports a page leaves it
    bytecode.parent.mkdir(exist_ok=True)
    bytecode.touch()
    subprocess.run(command, check=True, timeout=240)
    bytecode.unlink()
    (built,) = folder.iterdir()
    return built


def make_environment(folder: Path, *install: str) -> Path:
    """A fresh environment in which pip has installed this alone, and which sees the dependencies of ours."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", *install], check=True, timeout=240)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environment"), str(wheel))


def on_a_users_machine(folder: Path) -> dict[str, Any]:
    """How a subprocess runs in an empty folder, with nothing of the repository on its path."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DIGITREC_", "PYTHON"))}
    own = {f"DIGITREC_{name}": str(folder / name.lower()) for name in ("DATA", "MODELS", "RUNS", "CACHE")}
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    return {"cwd": empty, "env": inherited | own, "text": True}


def digitrec(environment: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(environment / "bin" / "digitrec"), *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, **on_a_users_machine(folder))


def draw_seven(path: Path) -> None:
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(70, 60), (200, 60), (150, 160), (125, 230)], fill=0, width=18, joint="curve")
    picture.save(path)


def files_below(name: str) -> set[str]:
    files = [ROOT / name, *(ROOT / name).rglob("*")]
    return {str(file.relative_to(ROOT)) for file in files if file.is_file() and "__pycache__" not in file.parts}


def test_the_wheel_holds_the_package_and_the_app_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert f"digitrec-{__version__}.dist-info/licenses/LICENSE" in metadata
    tops = ("app.py", "pages", "models", ".streamlit/config.toml")
    bundled = {f"{BUNDLE}/{name}" for top in tops for name in files_below(top)}
    assert {name for name in names if name.startswith(BUNDLE)} == bundled
    package = files_below("digitrec")
    assert names - metadata - bundled == package
    assert {Path(name).suffix for name in package} == {".py", ".npz", ".js", ".css", ".html", ".png"}


def test_the_metadata_names_licence_extra_and_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        (name,) = [name for name in file.namelist() if name.endswith("/METADATA")]
        lines = file.read(name).decode().partition("\n\n")[0].splitlines()
    assert {f"Version: {__version__}", "License-Expression: MIT", "License-File: LICENSE"} <= set(lines)
    needed = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist")]
    always = {re.match(r"[\w.-]+", line)[0].lower() for line in needed if "extra ==" not in line}
    extra = {re.match(r"[\w.-]+", line)[0] for line in needed if "extra == 'onnx'" in line}
    assert extra == {"onnx", "tf2onnx"}
    assert extra & always == set()
    listed = [line for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    assert always == {re.match(r"[\w.-]+", line)[0].lower() for line in listed}


def imported_packages() -> set[str]:
    files = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("digitrec/**/*.py")]
    found = set()
    for file in files:
        if file.name == "export_check.py":  # runs in an exported zip, with what is installed there
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found |= {name.partition(".")[0] for name in [*names, getattr(node, "module", None) or ""]}
    return found - sys.stdlib_module_names - {"", "digitrec"}


def test_every_package_that_the_code_imports_is_a_dependency() -> None:
    listed = (ROOT / "requirements.txt").read_text("utf-8").lower().replace("_", "-")
    distributions = packages_distributions()
    imported = imported_packages()
    assert {"streamlit", "tensorflow", "sklearn"} <= imported
    for name in imported:
        names = [one.lower().replace("_", "-") for one in distributions[name]]
        assert any(re.search(rf"^{re.escape(one)}[><=]", listed, re.MULTILINE) for one in names), names


def test_the_command_reads_a_picture_with_the_shipped_model(environment: Path, tmp_path: Path) -> None:
    on_a_users_machine(tmp_path)
    draw_seven(tmp_path / "empty" / "picture.png")
    ran = digitrec(environment, tmp_path, "predict", "picture.png", "--json")
    assert ran.returncode == 0, ran.stderr
    (row,) = json.loads(ran.stdout)
    assert (row["file"], row["digit"], row["unsure"]) == ("picture.png", 7, False)


def test_the_command_knows_its_version_and_its_models(environment: Path, tmp_path: Path) -> None:
    assert digitrec(environment, tmp_path, "--version").stdout == f"digitrec {__version__}\n"
    rows = json.loads(digitrec(environment, tmp_path, "models", "--json").stdout)
    assert [row["name"] for row in rows] == ["digitrec", "digitrec-numbers"]


def test_an_editable_install_uses_the_repository(tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment", "--editable", str(ROOT)) / "bin" / "python"
    program = "from digitrec.storage import top_folder; print(top_folder())"
    settings = on_a_users_machine(tmp_path)
    ran = subprocess.run([str(python), "-c", program], capture_output=True, check=True, timeout=60, **settings)
    assert ran.stdout.strip() == str(ROOT)


def test_benchmarks_need_the_repository(environment: Path, tmp_path: Path) -> None:
    ran = digitrec(environment, tmp_path, "bench")
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "Run the benchmarks in a clone." in ran.stderr


def test_the_installed_pages_run(environment: Path, tmp_path: Path) -> None:
    python = str(environment / "bin" / "python")
    settings = on_a_users_machine(tmp_path)
    ran = subprocess.run([python, "-c", RUN_PAGES], capture_output=True, check=False, timeout=120, **settings)
    assert ran.returncode == 0, ran.stderr
    title, package = ran.stdout.splitlines()[-2:]
    assert title == "The network"
    assert Path(package).is_relative_to(environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(environment: Path, folder: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    command = [str(environment / "bin" / "digitrec"), "app", "--port", str(port), "--no-browser"]
    settings = on_a_users_machine(folder)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **settings) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_healthy(process: "subprocess.Popen[str]", port: int) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2) as answer:
                assert answer.read() == b"ok"
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"The app ended with {process.returncode}: {process.stdout.read()}")


def test_the_app_starts_in_any_folder_and_ctrl_c_ends_it(environment: Path, tmp_path: Path) -> None:
    port = free_port()
    with serve(environment, tmp_path, port) as process:
        wait_until_healthy(process, port)
        second = digitrec(environment, tmp_path, "app", "--port", str(port), "--no-browser")
        assert second.returncode == 1
        assert "Expected an address and a port that are free on this machine. Received: localhost" in second.stderr
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"digitrec is at http://localhost:{port}" in output
    assert "Traceback" not in output
    assert list((tmp_path / "empty").iterdir()) == []
