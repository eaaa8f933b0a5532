import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TENSORFLOW = {"tensorflow", "keras", "tf_keras"}
STREAMLIT = {"streamlit", "streamlit_drawable_canvas"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Import:
    file: Path
    name: str
    is_lazy: bool

    @property
    def top(self) -> str:
        return self.name.split(".")[0]

    def is_within(self, package: str) -> bool:
        return f"{self.name}.".startswith(f"{package}.")


def imports_in(node: ast.AST, file: Path, *, is_lazy: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names):
                yield from (Import(file, alias.name, is_lazy) for alias in names)
            case ast.ImportFrom(module, names, level):
                assert not level, f"{file} imports relatively"
                yield from (Import(file, f"{module}.{alias.name}", is_lazy) for alias in names)
            case _:
                yield from imports_in(child, file, is_lazy=is_lazy or isinstance(child, FUNCTIONS))


def sources(root: Path = ROOT) -> list[Path]:
    return [root / "app.py", *sorted(root.glob("pages/*.py")), *sorted(root.glob("digitrec/**/*.py"))]


def imports_of(files: list[Path]) -> list[Import]:
    return [found for file in files for found in imports_in(ast.parse(file.read_text(encoding="utf-8")), file)]


IMPORTS = imports_of(sources())


def read_rooms() -> dict[str, set[str]]:
    """The rooms that each room may import, as docs/architecture.md has them; the ground's rooms may import none."""
    rows = re.findall(r"^\| (`.+?) \|.*\|(.*)\|$", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE)
    table = [(re.findall(r"`(\w+)`", rooms), set(re.findall(r"`(\w+)`", may))) for rooms, may in rows]
    ground = set(table[0][0])
    return {
        room: may | (ground - {room} if number else set())
        for number, (rooms, may) in enumerate(table)
        for room in rooms
    }


ROOMS = read_rooms()


def wrong_ways(root: Path) -> list[str]:
    """What is imported across the rooms of `root`/digitrec although the table does not allow it."""
    package = root / "digitrec"
    found = []
    for one in imports_of(sorted(package.glob("**/*.py"))):
        room = one.file.relative_to(package).parts[0].removesuffix(".py")
        if one.top != "digitrec" or room not in ROOMS:  # `__init__` and `__main__` are faces of the whole
            continue
        imported = f"{one.name}.".split(".")[1]
        if imported != room and imported not in ROOMS[room]:
            found.append(f"{one.file.relative_to(root)} imports {one.name}")
    return found


def test_the_rooms_of_the_table_are_those_of_the_package() -> None:
    package = ROOT / "digitrec"
    there = {file.relative_to(package).parts[0].removesuffix(".py") for file in package.glob("**/*.py")}
    there -= {"__init__", "__main__"}
    assert there == set(ROOMS)
    assert len(there) <= 13  # with __init__.py and __main__.py at most fifteen entries


def test_rooms_import_one_way() -> None:
    assert wrong_ways(ROOT) == []
    order = list(ROOMS)
    assert all(
        order.index(may) < order.index(room)
        for room, allowed in ROOMS.items()
        for may in allowed - {order[0], *order[:4]}
    )


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("ink/preprocessing.py", "from digitrec.datasets import Dataset"),
        ("errors.py", "import digitrec.words"),
        ("charts/card.py", "from digitrec.reading import steps"),
        ("networks/card.py", "def f():\n    from digitrec import load_classifier"),
        ("training/recipe.py", "from digitrec.ui.cache import classifier"),
    ],
)
def test_a_forbidden_import_is_found(file: str, line: str, tmp_path: Path) -> None:
    copy = tmp_path / "digitrec"
    shutil.copytree(ROOT / "digitrec", copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / file).open("a") as source:
        source.write(f"\n\n{line}\n")
    assert len(wrong_ways(tmp_path)) == 1


def is_face(file: Path) -> bool:
    return file == ROOT / "app.py" or bool({ROOT / "pages", ROOT / "digitrec" / "ui"} & set(file.parents))


def is_training(file: Path) -> bool:
    training = ROOT / "digitrec" / "training"
    travels = ROOT / "digitrec" / "networks" / "exchange" / "export_check.py"  # in an exported zip, never imported here
    return file == travels or bool({training / "worker", training / "shipped"} & set(file.parents))


def test_every_chart_is_told_to_who_does_not_see_it() -> None:
    calls = [
        (file.name, call.lineno, {keyword.arg for keyword in call.keywords})
        for file in sources()
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "plotly_chart"
    ]
    assert len(calls) > 15
    assert [(name, line) for name, line, given in calls if "alt" not in given] == []


def as_lines(found: list[Import]) -> list[str]:
    return [f"{one.file.relative_to(ROOT)} imports {one.name}" for one in found]


def test_imports_are_found_wherever_they_stand() -> None:
    source = "import a.b\ndef f():\n    if 1:\n        from c import d\nclass E:\n    import g\n"
    found = {one.name: one.is_lazy for one in imports_in(ast.parse(source), ROOT)}
    assert found == {"a.b": False, "c.d": True, "g": False}


def test_the_rules_have_something_to_rule() -> None:
    tops = {one.top for one in IMPORTS}
    assert {"streamlit", "keras", "numpy", "digitrec"} <= tops
    assert any(one.is_within("digitrec.ui") for one in IMPORTS)
    assert any(one.is_within("digitrec.training") for one in IMPORTS if not is_training(one.file))


def test_only_the_face_knows_streamlit() -> None:
    assert as_lines([one for one in IMPORTS if one.top in STREAMLIT and not is_face(one.file)]) == []


def test_the_core_never_imports_the_face() -> None:
    assert as_lines([one for one in IMPORTS if one.is_within("digitrec.ui") and not is_face(one.file)]) == []


def test_only_training_knows_tensorflow() -> None:
    assert as_lines([one for one in IMPORTS if one.top in TENSORFLOW and not is_training(one.file)]) == []


def test_training_is_imported_by_itself_and_lazily_by_the_terminal_alone() -> None:
    terminal = ROOT / "digitrec" / "commands" / "train.py"
    wrong = [
        one
        for one in IMPORTS
        if (one.is_within("digitrec.training.worker") or one.is_within("digitrec.training.shipped"))
        and not is_training(one.file)
        and not (one.file == terminal and one.is_lazy)
    ]
    assert as_lines(wrong) == []


def test_no_page_is_imported() -> None:
    names = {file.stem for file in ROOT.glob("pages/*.py")}
    assert as_lines([one for one in IMPORTS if one.top == "pages" or one.top in names]) == []


READ_A_DIGIT = """
import sys
import numpy as np
from digitrec import load_classifier
canvas = np.zeros((280, 280), np.uint8)
canvas[60:220, 130:150] = 255
assert load_classifier().read(canvas).digit is not None
import digitrec.evaluation.saliency, digitrec.datasets.synthetic.samples, digitrec.reading.steps, digitrec.__main__
print(*sorted({"tensorflow", "keras", "streamlit"} & set(sys.modules)))
"""


@pytest.mark.usefixtures("classifier")
def test_reading_a_digit_loads_neither_tensorflow_nor_streamlit() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", READ_A_DIGIT], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == []
