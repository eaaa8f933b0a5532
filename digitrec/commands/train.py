"""`python -m digitrec train`: train a network in a worker process and watch it, or make the shipped model."""

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from digitrec.commands.common import AsJson, show, show_errors
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.registry import SHIPPED_NAME, keep_model, models_folders, replace_model
from digitrec.training import processes, runs
from digitrec.training.published import PUBLISHED, SHIPPED
from digitrec.training.recipe import Recipe, change, parse

LOOK = 0.3  # seconds between two looks at the run


def train(
    *,
    network: Annotated[str, typer.Option(help=f"One of {', '.join(ARCHITECTURES)}.")] = "digitrec-fast",
    source: Annotated[str | None, typer.Option(help="A dataset, as `data` lists them.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order, dropout and augmentation.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any other setting of a recipe, such as validation=0.1.")
    ] = None,
    resume: Annotated[str | None, typer.Option(help="A run that goes on; --epochs is then the total.")] = None,
    keep: Annotated[str | None, typer.Option(help="Keep the network under this name.")] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Make the shipped model: four hours and more.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="A model folder to write, in place of what is there.", metavar="FOLDER")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a network by its published recipe and the settings given here.

    Ctrl+C stops it and keeps what it learned.
    """
    given = {"source": source, "epochs": epochs, "batch": batch, "learning_rate": learning_rate, "seed": seed}
    with show_errors():
        changes = {name: value for name, value in given.items() if value is not None} | parse(settings or [])
        if shipped:
            _make_shipped(folder, change(SHIPPED, changes), as_json=as_json)
            return
        if resume is not None:
            run = runs.find(resume)
            processes.go_on(run, changes)
        else:
            run = runs.create(change(PUBLISHED.get(network, Recipe(network)), changes))
            processes.start(run)
        ended = _follow(run)
        row = _describe(ended)
        if keep is not None and ended.has_model:
            row["model"] = str(keep_model(run / "model", keep))
        if folder is not None and ended.has_model:
            replace_model(run / "model", folder)
        show(row, _text(row), as_json=as_json)
    if ended.state.name in (runs.FAILED, runs.DIED):
        raise typer.Exit(1)


def _follow(run: Path) -> runs.Run:
    """Show how a run goes until it ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting")
        while (now := runs.read(run)).state.is_under_way:
            done = float(now.steps["done"].iloc[-1]) if len(now.steps) else 0.0
            bar.update(task, description=_now(now), total=now.recipe.epochs, completed=done)
            try:
                time.sleep(LOOK)
            except KeyboardInterrupt:
                runs.request_stop(run)
    return now


def _now(run: runs.Run) -> str:
    if run.state.message or not len(run.steps):
        return run.state.message or run.state.name
    last = run.steps.iloc[-1]
    seen = f", validation {run.history.iloc[-1]['val_accuracy']:.2%}" if len(run.history) else ""
    return f"epoch {run.state.epoch} of {run.recipe.epochs}: loss {last['loss']:.4f}, read {last['accuracy']:.2%}{seen}"


def _describe(run: runs.Run) -> dict[str, Any]:
    return {
        "run": run.name,
        "folder": str(run.folder),
        "state": run.state.name,
        "message": run.state.message,
        "seconds": round(run.state.seconds, 2),
        "cpu_seconds": round(run.state.cpu_seconds, 2),
        "history": run.history.to_dict("records"),
        "results": run.state.results or {},
        "recipe": dataclasses.asdict(run.recipe),
        "log": run.log if run.state.name in (runs.FAILED, runs.DIED) else "",
    }


def _text(row: dict[str, Any]) -> str:
    epochs = [
        f"epoch {line['epoch']:>3.0f}  loss {line['loss']:.4f}  read {line['accuracy']:.2%}  "
        f"validation loss {line['val_loss']:.4f}  read {line['val_accuracy']:.2%}  {line['seconds']:.1f} s"
        for line in row["history"]
    ]
    results = row["results"]
    test = [f"test {results['test_accuracy']:.2%} of {results['test_images']:,.0f}"] if results else []
    end = [f"{row['run']}: {row['state']} after {row['seconds']:.1f} s. {row['message']}".rstrip()]
    return "\n".join([*epochs, *test, *end, *([row["log"]] if row["log"] else [])])


def _make_shipped(folder: Path | None, recipe: Recipe, *, as_json: bool) -> None:
    from digitrec.training.shipped.shipped import make_model  # noqa: PLC0415  TensorFlow is loaded for this alone

    folder = folder or models_folders()[0] / SHIPPED_NAME
    card = make_model(folder, recipe, lambda line: typer.echo(line, err=True))
    show(card.model_dump(), f"The model is in {folder}.", as_json=as_json)
