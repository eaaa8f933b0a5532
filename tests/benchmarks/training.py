"""Training: each published recipe against its published figure, and how much sooner `digitrec-fast` is there."""

import os
import tempfile
import time
from dataclasses import replace
from typing import Any

import numpy as np

from digitrec import runs
from digitrec.datasets import is_there
from digitrec.recipe import PUBLISHED, Recipe
from digitrec.runs import Run
from tests.benchmarks.table import row

BAR = 0.9865  # validation accuracy, what `cnn-three-blocks` was published with
SEEDS = range(5)
# Network -> which figure was published, and its value; the best of the published epochs counts.
REPORTED = {
    "dense-128": ("val_accuracy", 0.9694),
    "dense-300-100": ("val_accuracy", 0.9738),
    "cnn-tiny": ("accuracy", 0.9893),
    "cnn-three-blocks": ("val_accuracy", 0.9865),
}


def training() -> list[dict[str, Any]]:
    """Train for some 20 minutes."""
    if not is_there("mnist"):
        print("MNIST is not in the data folder: training was not measured.")
        return []
    before = os.environ.get("DIGITREC_RUNS")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITREC_RUNS"] = folder
        try:
            fast = [train(replace(PUBLISHED["digitrec-fast"], seed=seed)) for seed in SEEDS]
            others = {name: train(PUBLISHED[name]) for name in REPORTED}
        finally:
            os.environ.pop("DIGITREC_RUNS")
            if before is not None:
                os.environ["DIGITREC_RUNS"] = before
    return [*race(fast, others["cnn-three-blocks"]), *[line for run in others.values() for line in figures(run)]]


def train(recipe: Recipe) -> Run:
    """A run from beginning to end, in a worker process."""
    folder = runs.create(recipe)
    runs.start(folder)
    while (run := runs.read(folder)).state.is_under_way:
        time.sleep(0.2)
    print(f"{recipe.network}, seed {recipe.seed}: {run.state.name} after {run.state.seconds:.1f} s", flush=True)
    return run


def race(fast: list[Run], slow: Run) -> list[dict[str, Any]]:
    """How much sooner the fast network reaches the bar than the slow one's recipe takes."""
    ends = [run.history["val_accuracy"].iloc[-1] for run in fast]
    reached = [seconds for run in fast if (seconds := first_over(run, BAR)) is not None]
    whole = float(slow.history["seconds"].iloc[-1])
    mean = float(np.mean(reached)) if reached else float("nan")
    n = len(fast)
    return [
        row("digitrec-fast, validation accuracy, mean", f"{100 * np.mean(ends):.2f} %", "> 99 %", n),
        row("digitrec-fast, its lowest and highest", f"{100 * min(ends):.2f} to {100 * max(ends):.2f}", "-", n),
        row(f"digitrec-fast, seconds to {100 * BAR} %, mean", f"{mean:.1f} s", "-", len(reached)),
        row("cnn-three-blocks, seconds for its 8 epochs", f"{whole:.1f} s", "-", 1),
        row("digitrec-fast, times sooner", f"{whole / mean:.1f}", "> 20", len(reached)),
    ]


def first_over(run: Run, bar: float) -> float | None:
    """Seconds of training until the validation accuracy was at least `bar`; None where it never was."""
    over = run.history[run.history["val_accuracy"] >= bar]
    return float(over["seconds"].iloc[0]) if len(over) else None


def figures(run: Run) -> list[dict[str, Any]]:
    """A published recipe's best figure, and its speed."""
    name = run.recipe.network
    column, reported = REPORTED[name]
    best, seconds = float(run.history[column].max()), float(run.history["seconds"].iloc[-1])
    images = run.state.steps * run.recipe.batch * len(run.history) / seconds
    return [
        row(f"{name}, {column}, best of {len(run.history)}", f"{best:.4f}", f"{reported:.4f} - 0.003", 1),
        row(f"{name}, images a second", f"{images:,.0f}", "-", 1),
    ]
