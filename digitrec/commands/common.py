"""Options, output and error handling that the commands share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.errors import DataError, DigitrecError, writing
from digitrec.evaluation.metrics import Measurement
from digitrec.storage import replace_file

METRICS = {"unsure": "unsure_rate", "rejected": "rejection_rate"}  # all other kinds are accuracies
GROUPS = {"digit": "digit", "style": "writing_style", "width": "stroke_width"}
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def show(value: Any, text: str, *, as_json: bool) -> None:
    """Print the value as JSON, or the text."""
    typer.echo(json.dumps(value, indent=2) if as_json else text)


def write_output(path: Path, content: bytes | str) -> None:
    """Write a file that the user asked for.

    Raises
    ------
    DataError, if it cannot be written; then an older file of that name is unchanged.
    """
    with writing(str(path), DataError, "Choose another folder."):
        replace_file(path, content)


def metric_row(figure: Measurement) -> dict[str, Any]:
    """A figure as commands print it in JSON: the metric, its data, n, the value (0 to 1) and its 95 % interval."""
    metric = METRICS.get(figure.kind, "accuracy")
    group = {"group": GROUPS[figure.kind]} if figure.kind in GROUPS else {}
    data = {"data": figure.what} | ({"dataset": figure.on} if figure.on else {})
    return {**group, **data, "n": figure.n, metric: figure.value, f"{metric}_interval": [figure.low, figure.high]}


@contextmanager
def show_errors() -> Iterator[None]:
    """Print the sentence of an error that the user can fix, and exit with code 1."""
    try:
        yield
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
