"""`digitrec train`: train a network in a worker process and show its progress, or train the shipped model."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from digitrec.commands.common import AsJson, show, show_errors
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.registry import SHIPPED_NAME, keep_model, models_folders, replace_model
from digitrec.training.published import SHIPPED, recipe_for
from digitrec.training.recipe import Recipe, change, choices, limits_in_words, parse
from digitrec.training.run_folders import processes, runs, signals

POLL_INTERVAL = 0.3  # seconds


def list_settings() -> str:
    """All settings of a recipe with their allowed values and their effect, one paragraph each."""
    paragraphs = []
    for name, field in Recipe.model_fields.items():
        allowed = f" ({limits_in_words(field) or ', '.join(choices(field))})".replace(" ()", "")
        paragraphs.append(f"{name}{allowed}: {field.description}")
    return "\n\n".join(["Settings:", *paragraphs])


def _help(name: str) -> str | None:
    return Recipe.model_fields[name].description


def train(
    *,
    network: Annotated[str, typer.Option(help=f"One of {', '.join(ARCHITECTURES)}.")] = "digitrec-fast",
    source: Annotated[str | None, typer.Option(help="The dataset to train on, one of those listed by `data`.")] = None,
    epochs: Annotated[int | None, typer.Option(help=_help("epochs"))] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", "--batch", help=_help("batch_size"))] = None,
    learning_rate: Annotated[float | None, typer.Option(help=_help("learning_rate"))] = None,
    seed: Annotated[int | None, typer.Option(help=_help("seed"))] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A setting of the recipe as NAME=VALUE, repeatable. All are listed below.",
            metavar="SETTING",
        ),
    ] = None,
    resume: Annotated[str | None, typer.Option(help="Resume this run; --epochs is then the total.")] = None,
    keep: Annotated[str | None, typer.Option(help="Save the trained model under this name.")] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Train the shipped model, which takes more than four hours.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="Write the model to this folder, replacing an existing one.", metavar="FOLDER"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a network with its published recipe, modified by the settings given here.

    Ctrl-C stops the training and keeps the network as trained so far.
    """
    given = {
        "source": source,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    with show_errors():
        changes = {name: value for name, value in given.items() if value is not None} | parse(settings or [])
        if shipped:
            _make_shipped(folder, change(SHIPPED, **changes), as_json=as_json)
            return
        if resume is not None:
            run = runs.find(resume)
            processes.resume(run, changes)
        else:
            run = runs.create(change(recipe_for(network), **changes))
            processes.start(run)
        ended = _follow(run)
        row = _describe(ended)
        if keep is not None and ended.has_model:
            row["model"] = str(keep_model(ended.model, keep))
        if folder is not None and ended.has_model:
            replace_model(ended.model, folder)
        show(row, _text(row), as_json=as_json)
    if ended.state.name in (runs.FAILED, runs.DIED):
        raise typer.Exit(1)


def _follow(run: Path) -> runs.Run:
    """Show the progress of a run until it ends."""
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
                time.sleep(POLL_INTERVAL)
            except KeyboardInterrupt:
                signals.request_stop(run)
    return now


def _now(run: runs.Run) -> str:
    if run.state.message or not len(run.steps):
        return run.state.message or run.state.name
    last = run.steps.iloc[-1]
    validation = f", validation accuracy {run.history.iloc[-1]['val_accuracy']:.2%}" if len(run.history) else ""
    figures = f"loss {last['loss']:.4f}, accuracy {last['accuracy']:.2%}{validation}"
    return f"epoch {run.state.epoch} of {run.recipe.epochs}: {figures}"


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
        "recipe": run.recipe.model_dump(mode="json"),
        "log": run.log if run.state.name in (runs.FAILED, runs.DIED) else "",
    }


def _text(row: dict[str, Any]) -> str:
    epochs = [
        f"epoch {line['epoch']:>3.0f}  loss {line['loss']:.4f}  accuracy {line['accuracy']:.2%}  "
        f"validation loss {line['val_loss']:.4f}  accuracy {line['val_accuracy']:.2%}  {line['seconds']:.1f} s"
        for line in row["history"]
    ]
    results = row["results"]
    test = [f"test accuracy {results['test_accuracy']:.2%} ({results['test_images']:,.0f} images)"] if results else []
    end = [f"{row['run']}: {row['state']} after {row['seconds']:.1f} s. {row['message']}".rstrip()]
    return "\n".join([*epochs, *test, *end, *([row["log"]] if row["log"] else [])])


def _make_shipped(folder: Path | None, recipe: Recipe, *, as_json: bool) -> None:
    from digitrec.training.shipped.making import make_model  # noqa: PLC0415  TensorFlow is loaded for this alone

    folder = folder or models_folders()[0] / SHIPPED_NAME
    card = make_model(folder, recipe, lambda line: typer.echo(line, err=True))
    show(card.model_dump(), f"Wrote the model to {folder}.", as_json=as_json)
