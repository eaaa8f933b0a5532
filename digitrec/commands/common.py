"""What the commands share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.errors import DataError, DigitrecError, writing
from digitrec.storage import replace_file

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
    with writing(str(path), DataError, "Choose another place."):
        replace_file(path, content)


@contextmanager
def show_errors() -> Iterator[None]:
    """Turn an error that a person can put right into its sentence and exit code 1."""
    try:
        yield
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
