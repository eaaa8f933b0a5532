"""The learning curves of a run: history.csv has a row per epoch, steps.csv a row every few steps."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from digitrec.storage import replace_file

HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
STEPS = ("epoch", "step", "loss", "accuracy", "done")
AddStep = Callable[[int, int, float, float, float], None]


def read_history(folder: Path) -> pd.DataFrame:
    """A row per epoch: epoch, loss, accuracy, val_loss, val_accuracy, learning_rate, seconds."""
    return read_table(folder / "history.csv", HISTORY)


def write_history(folder: Path, rows: list[dict[Any, Any]]) -> None:
    """Write all rows, in place of those that were there."""
    write_table(folder / "history.csv", rows, HISTORY)


def read_steps(folder: Path) -> pd.DataFrame:
    """A row every few steps: epoch, step, loss and accuracy (means since the row before), and done, in epochs."""
    return read_table(folder / "steps.csv", STEPS)


@contextmanager
def adding_steps(folder: Path) -> Iterator[AddStep]:
    """A function that adds a row to steps.csv: epoch, step, loss, accuracy, done."""
    with (folder / "steps.csv").open("a", encoding="utf-8") as lines:
        if lines.tell() == 0:
            lines.write(",".join(STEPS) + "\n")

        def add(epoch: int, step: int, loss: float, accuracy: float, done: float) -> None:
            lines.write(f"{epoch},{step},{loss:.6g},{accuracy:.6g},{done:.6g}\n")
            lines.flush()

        yield add


def drop_steps_after(folder: Path, done: float) -> None:
    """Remove the rows of steps that will be taken again: those after `done` epochs."""
    if (folder / "steps.csv").exists():
        steps = read_steps(folder)
        write_table(folder / "steps.csv", steps[steps["done"] <= done + 1e-6].to_dict("records"), STEPS)


def write_table(path: Path, rows: list[dict[Any, Any]], columns: tuple[str, ...]) -> None:
    """Write rows as a CSV; without rows, its header alone."""
    replace_file(path, pd.DataFrame(rows, columns=list(columns)).to_csv(index=False))


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A CSV of numbers, without rows where there is none yet. Incomplete rows, as after a crash, are left out."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        text = ""
    whole = text[: text.rfind("\n") + 1]
    if whole.strip():
        table = pd.read_csv(io.StringIO(whole), on_bad_lines="skip")
        if set(columns) <= set(table.columns):
            return table.apply(pd.to_numeric, errors="coerce").dropna()
    return pd.DataFrame({column: pd.Series(dtype=float) for column in columns})
