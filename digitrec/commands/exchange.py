"""`python -m digitrec export` and `add`: a model leaves as a zip, or comes as a file."""

from pathlib import Path
from typing import Annotated

import typer

from digitrec.commands.common import AsJson, show, show_errors, write_output
from digitrec.errors import ModelError
from digitrec.networks.card import read_card
from digitrec.networks.exchange import add_model, pack
from digitrec.networks.registry import find_model


def export(
    model: Annotated[str, typer.Argument(help="A model's name or folder.")],
    to: Annotated[Path, typer.Option("--to", "-o", help="The zip that is written.")],
    as_json: AsJson = False,
) -> None:
    """Write a zip of a model: .keras, .tflite, .onnx, its card, and a check that it reads the same elsewhere."""
    with show_errors():
        packed = pack(find_model(model))
        write_output(to, packed)
    show({"file": str(to), "bytes": len(packed)}, f"{to}, {len(packed):,} bytes", as_json=as_json)


def add(
    files: Annotated[list[Path], typer.Argument(help="A .keras or .tflite file, both, or a zip of `export`.")],
    name: Annotated[str, typer.Option(help="What it is to be called.")],
    as_json: AsJson = False,
) -> None:
    """Add a model from files to those that can be read with."""
    with show_errors():
        try:
            contents = {file.name: file.read_bytes() for file in files}
        except OSError as error:
            raise ModelError(
                f"Expected a file. Received: {error.filename}: {error.strerror}. Choose another."
            ) from None
        card = read_card(add_model(contents, name))
    (figure,) = card.measured
    row = {"name": name, "parameters": card.parameters, "measured": figure.model_dump()}
    show(row, f"{name} was added: {figure.share:.2%} of {figure.n:,} read correctly ({figure.what}).", as_json=as_json)
