"""digitrec from a terminal: the same core as the app."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.classifier import Reading, load_classifier
from digitrec.datasets import SOURCES, Dataset, benchmark_for, check, data_folder, is_there, load_dataset, titles
from digitrec.datasets.export import FORMS, export
from digitrec.distribution import count_labels
from digitrec.errors import DataError, DigitrecError
from digitrec.imagefiles import load_ink
from digitrec.recipe import Recipe
from digitrec.registry import SHIPPED_NAME, models_folders
from digitrec.words import in_percent

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.callback()
def main() -> None:
    """Read handwritten digits, and train the network that does."""


@app.command()
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


@app.command()
def data(
    source: Annotated[
        str | None, typer.Argument(help=f"{', '.join(SOURCES)}, a .csv, a .npz or a folder.  [default: list them]")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download what is missing.")] = False,
    form: Annotated[str | None, typer.Option("--export", help=f"Write it out as {', '.join(FORMS)}.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to write it to.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Say what data there is, where it comes from, and what is odd about it."""
    try:
        if source is None:
            there, known = titles(), {name: f"{entry.title}, {entry.about}" for name, entry in SOURCES.items()}
            rows = [{"name": name, "title": title, "there": name in there} for name, title in (there | known).items()]
            _print(rows, "\n".join(_source_line(row) for row in rows), as_json=as_json)
            return
        if not fetch and source in SOURCES and not is_there(source):
            missing = ", ".join(SOURCES[source].needs)
            hint = "Add --fetch to download it." if SOURCES[source].can_fetch else "Put the files there."
            raise DataError(f"Expected {missing} in {data_folder()}. Received: no such files. {hint}")
        dataset = load_dataset(source)
        row = _describe(dataset)
        _print(row, _dataset_text(row), as_json=as_json)
        if form:
            typer.echo(f"Written to {export(dataset, folder, form)}.", err=True)
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None


def _describe(dataset: Dataset) -> dict[str, Any]:
    splits = {"train": dataset.train, "test": dataset.test}
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "caution": dataset.caution,
        "folder": str(data_folder()),
        "images": {name: len(split) for name, split in splits.items()},
        "counts": {name: count_labels(split.labels)["count"].tolist() for name, split in splits.items()},
        "findings": [
            {"kind": finding.kind, "split": finding.split, "sentence": finding.sentence, "n": len(finding.places)}
            for finding in check(dataset, benchmark_for(dataset))
        ],
        "sha256": dataset.hashes,
    }


def _dataset_text(row: dict[str, Any]) -> str:
    counts = [
        f"{name} {row['images'][name]:>6,}: " + " ".join(f"{n:>5}" for n in row["counts"][name])
        for name in row["counts"]
    ]
    findings = [f"- {finding['sentence']}" for finding in row["findings"]] or ["Nothing odd was found."]
    caution = [row["caution"]] if row["caution"] else []
    return "\n".join([f"{row['source']} ({row['licence']})", f"in {row['folder']}", *counts, *caution, *findings])


def _source_line(row: dict[str, Any]) -> str:
    return f"{row['name']:<8} {'there' if row['there'] else 'not there':<11}{row['title']}"


def _print(value: Any, text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(value, indent=2) if as_json else text)


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
