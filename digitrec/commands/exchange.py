"""`digitrec export`, `digitrec add` and `digitrec weights`: pack a model, add one, make one fit for browsers."""

from pathlib import Path
from typing import Annotated

import typer

from digitrec.commands.common import AsJson, metric_row, show, show_errors, write_output
from digitrec.errors import ModelError
from digitrec.networks.card import read_card
from digitrec.networks.exchange.exchange import add_model, add_weights, missing_onnx, pack
from digitrec.networks.registry import find_model
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS


def export(
    model: Annotated[str, typer.Argument(help="A model's name or folder.")],
    to: Annotated[Path, typer.Option("--to", "-o", help="The zip file to write.")],
    as_json: AsJson = False,
) -> None:
    """Export a model as a zip: .keras, .tflite, .onnx, the model card, and a script that checks its predictions."""
    with show_errors():
        packed = pack(find_model(model))
        write_output(to, packed)
    note = missing_onnx()
    if note:
        typer.echo(note, err=True)
    show({"file": str(to), "bytes": len(packed), "note": note}, f"{to}, {len(packed):,} bytes", as_json=as_json)


def add(
    files: Annotated[list[Path], typer.Argument(help="A .keras file, a .tflite file, both, or a zip from `export`.")],
    name: Annotated[str, typer.Option(help="The name of the model.")],
    as_json: AsJson = False,
) -> None:
    """Add a model from files."""
    with show_errors():
        try:
            contents = {file.name: file.read_bytes() for file in files}
        except OSError as error:
            raise ModelError(
                f"Expected a readable file. Received: {error.filename}: {error.strerror}. Choose another file."
            ) from None
        card = read_card(add_model(contents, name))
    (figure,) = card.measured
    row = {"name": name, "parameters": card.parameters, **metric_row(figure)}
    text = f"Added {name}: accuracy {figure.value:.2%} on {figure.n:,} images ({figure.what})."
    show(row, text, as_json=as_json)


def weights(
    model: Annotated[str, typer.Argument(help="A model's name or folder.")],
    as_json: AsJson = False,
) -> None:
    """Write model.safetensors, with which a browser reads drawings, into the folder of a model that lacks it."""
    with show_errors():
        folder = find_model(model)
        card = add_weights(folder)
    files = {name: (folder / name).stat().st_size for name in (WEIGHTS, PATH_WEIGHTS) if name in card.files}
    text = "\n".join(f"{folder / name}, {size:,} bytes" for name, size in files.items())
    show({"folder": str(folder), "bytes": files}, text, as_json=as_json)
