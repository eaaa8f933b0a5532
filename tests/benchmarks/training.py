"""Training: published recipes against their published results, and the speed of `digitrec-fast`."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from digitrec.datasets import is_available, load_dataset
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.published import PUBLISHED, recipe_for
from digitrec.training.recipe import Recipe, change
from digitrec.training.run_folders import processes, runs
from digitrec.training.run_folders.runs import Run
from digitrec.training.splits import split_for
from tests.benchmarks.table import row

TARGET = 0.9865  # the published validation accuracy of `cnn-three-blocks`
SEEDS = range(5)
FEW = 6_000  # images, to measure throughput only
# Network -> the published metric and its value; the best of the published epochs counts.
REPORTED = {
    "cnn-three-blocks": ("val_accuracy", 0.9865),
    "dense-128": ("val_accuracy", 0.9694),
    "dense-300-100": ("val_accuracy", 0.9738),
    "cnn-tiny": ("accuracy", 0.9893),
}
UNREPORTED = ("cnn-augmented",)
SLOW = "cnn-three-blocks"


def race() -> list[dict[str, Any]]:
    """The fast network against the slow one, one after the other, and the throughput of every network."""
    if not is_available("mnist"):
        print("MNIST is not in the data folder: training was not measured.")
        return []
    with _temporary_runs():
        fast = [train(change(PUBLISHED["digitrec-fast"], seed=seed)) for seed in SEEDS]
        slow = train(PUBLISHED[SLOW])
        rest = [train(change(recipe_for(name), images=FEW, epochs=1)) for name in ARCHITECTURES if name != SLOW]
    reached = figure(slow, *REPORTED[SLOW])
    return [*compare(fast, slow), reached, *speeds([slow, *rest])]


def training() -> list[dict[str, Any]]:
    """Train for about 25 minutes, without cnn-deep, which would take two hours more (see docs/benchmarks.md)."""
    if not is_available("mnist"):
        print("MNIST is not in the data folder: training was not measured.")
        return []
    with _temporary_runs():
        ended = {name: train(PUBLISHED[name]) for name in (*REPORTED, *UNREPORTED) if name != SLOW}
    return [figure(run, *REPORTED.get(name, ("val_accuracy", None))) for name, run in ended.items()]


@contextmanager
def _temporary_runs() -> Iterator[None]:
    """A temporary runs folder."""
    before = os.environ.get("DIGITREC_RUNS")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITREC_RUNS"] = folder
        try:
            yield
        finally:
            os.environ.pop("DIGITREC_RUNS")
            if before is not None:
                os.environ["DIGITREC_RUNS"] = before


def train(recipe: Recipe) -> Run:
    """Train a run to its end, in a worker process."""
    folder = runs.create(recipe)
    processes.start(folder)
    while (run := runs.read(folder)).state.is_under_way:
        time.sleep(0.2)
    print(f"{recipe.network}, seed {recipe.seed}: {run.state.name} after {run.state.seconds:.1f} s", flush=True)
    return run


def compare(fast: list[Run], slow: Run) -> list[dict[str, Any]]:
    """How much sooner the fast network reaches the target than the slow one's recipe takes."""
    ends = [run.history["val_accuracy"].iloc[-1] for run in fast]
    reached = [seconds for run in fast if (seconds := first_over(run, TARGET)) is not None]
    whole = float(slow.history["seconds"].iloc[-1])
    mean = float(np.mean(reached)) if reached else float("nan")
    n = len(fast)
    return [
        row("digitrec-fast, validation accuracy, mean", f"{100 * np.mean(ends):.2f} %", "> 99 %", n),
        row("  lowest and highest, in percent", f"{100 * min(ends):.2f} to {100 * max(ends):.2f}", "-", n),
        row(f"digitrec-fast, time to {100 * TARGET} %, mean", f"{mean:.1f} s", "-", len(reached)),
        row("cnn-three-blocks, time for its 8 epochs", f"{whole:.1f} s", "-", 1),
        row("digitrec-fast, speed-up", f"{whole / mean:.1f}", "> 20", len(reached)),
    ]


def first_over(run: Run, target: float) -> float | None:
    """Seconds of training until the validation accuracy reached `target`; None if it did not."""
    over = run.history[run.history["val_accuracy"] >= target]
    return float(over["seconds"].iloc[0]) if len(over) else None


def figure(run: Run, column: str, reported: float | None) -> dict[str, Any]:
    """A recipe's best result, and the published one as its target."""
    target = "-" if reported is None else f"{reported:.4f} - 0.003"
    what = f"{run.recipe.network}, {column}, best of {len(run.history)} epochs"
    return row(what, f"{float(run.history[column].max()):.4f}", target, 1)


def speeds(trained: list[Run]) -> list[dict[str, Any]]:
    """Training throughput of each run, including evaluation on the validation set."""
    rows = []
    for run in trained:
        seconds, images = float(run.history["seconds"].iloc[-1]), trained_images(run)
        rows.append(row(f"{run.recipe.network}, training throughput", f"{images / seconds:,.0f} images/s", "-", images))
    return rows


def trained_images(run: Run) -> int:
    """The number of training images times the number of epochs."""
    return len(split_for(run.recipe, load_dataset(run.recipe.source)).train) * len(run.history)
