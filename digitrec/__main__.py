"""digitrec from a terminal: the same core as the app."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.classifier import Reading, load_classifier
from digitrec.errors import DigitrecError
from digitrec.imagefiles import load_ink
from digitrec.recipe import Recipe
from digitrec.registry import SHIPPED_NAME, models_folders

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.callback()
def main() -> None:
    """Read handwritten digits, and train the network that does."""


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(help="Picture files of one digit each.", show_default=False)],
    model: Annotated[str, typer.Option(help="A model's name or folder.")] = SHIPPED_NAME,
    as_json: AsJson = False,
) -> None:
    """Read picture files of single digits, on light or dark paper.

    A file that cannot be read is named with its reason; the exit code is 1 only where none could be.
    """
    try:
        classifier = load_classifier(model)
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    rows = []
    for path in images:
        try:
            rows.append(_row(path, classifier.read(load_ink(path))))
        except DigitrecError as error:
            rows.append({"file": str(path), "digit": None, "error": str(error)})
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            typer.echo(_line(row), err=row["digit"] is None)
    if all(row["digit"] is None for row in rows):
        raise typer.Exit(1)


def _row(path: Path, reading: Reading) -> dict[str, Any]:
    if reading.digit is None:
        return {"file": str(path), "digit": None, "error": "No ink was found: nothing on it differs from its border."}
    return {
        "file": str(path),
        "digit": reading.digit,
        "confidence": round(reading.confidence, 4),
        "unsure": reading.unsure,
        "reason": reading.reason,
        "probabilities": [round(float(share), 4) for share in reading.probabilities],
    }


def _line(row: dict[str, Any]) -> str:
    if row["digit"] is None:
        return f"{row['file']}: could not be read. {row['error']}"
    if row["unsure"]:
        return f"{row['file']}: not sure, perhaps {row['digit']} ({row['confidence']:.1%}). {row['reason']}"
    return f"{row['file']}: {row['digit']} ({row['confidence']:.1%})"


@app.command()
def train(
    folder: Annotated[
        Path | None, typer.Option(help="Where the model is written.  [default: digitrec in the models folder]")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data.")] = Recipe.epochs,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order and drawings.")] = Recipe.seed,
    as_json: AsJson = False,
) -> None:
    """Train the shipped model from MNIST and the pen digits in the data folder (about 40 minutes on 2 cores)."""
    from digitrec.training.shipped import make_model  # noqa: PLC0415  TensorFlow is loaded for this command alone

    folder = folder or models_folders()[0] / SHIPPED_NAME
    try:
        card = make_model(folder, Recipe(epochs=epochs, seed=seed), lambda line: typer.echo(line, err=True))
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    typer.echo(card.model_dump_json(indent=2) if as_json else f"The model is in {folder}.")


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m digitrec"))
