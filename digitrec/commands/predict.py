"""`python -m digitrec predict`: read picture files."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.classifier import Reading, load_classifier
from digitrec.commands.common import AsJson
from digitrec.errors import DigitrecError
from digitrec.imagefiles import load_ink
from digitrec.registry import SHIPPED_NAME
from digitrec.words import in_percent


def predict(
    images: Annotated[
        list[Path], typer.Argument(help="Picture files of one digit each.", metavar="FILE", show_default=False)
    ],
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
        return f"{row['file']}: not sure, perhaps {row['digit']} ({in_percent(row['confidence'])}). {row['reason']}"
    return f"{row['file']}: {row['digit']} ({in_percent(row['confidence'])})"
