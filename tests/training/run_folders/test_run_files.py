import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
OWNERS = {"runs.py", "signals.py", "run_tables.py", "snapshots.py", "checkpoints.py"}
FILES = {
    *("recipe.json", "state.json", "history.csv", "steps.csv", "log.txt", "stop", "environment.json"),
    *("alive.lock", "turn.lock", "drawing.npy", "now.npz", "epochs", "checkpoint.npz", "best.npz"),
}


def paths_made_in(source: str) -> set[str]:
    """Names of files that are appended to a path with `/`."""
    return {
        node.right.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant)
    }


def test_the_files_of_a_run_are_written_and_read_in_one_place() -> None:
    made = {
        file: paths_made_in(file.read_text("utf-8")) & FILES
        for room in ("training", "commands", "ui")
        for file in ROOT.glob(f"digitrec/{room}/**/*.py")
    } | {file: paths_made_in(file.read_text("utf-8")) & FILES for file in ROOT.glob("pages/*.py")}
    folder = ROOT / "digitrec" / "training" / "run_folders"
    assert {file for file, names in made.items() if names} == {folder / name for name in OWNERS}
    assert set().union(*made.values()) == FILES


def test_no_module_of_training_uses_the_private_names_of_another() -> None:
    private = [
        f"{file.name} imports {alias.name}"
        for file in ROOT.glob("digitrec/training/**/*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert private == []
