"""What the commands share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from digitrec.errors import DigitrecError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def show(value: Any, text: str, *, as_json: bool) -> None:
    """Print the value as JSON, or the text."""
    typer.echo(json.dumps(value, indent=2) if as_json else text)


@contextmanager
def show_errors() -> Iterator[None]:
    """Turn an error that a person can put right into its sentence and exit code 1."""
    try:
        yield
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
