"""`python -m digitrec data`: what data there is, and what is odd about it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.commands.common import AsJson, show, show_errors
from digitrec.datasets import SOURCES, Dataset, benchmark_for, check, data_folder, is_there, load_dataset, titles
from digitrec.datasets.dataset import PARTS
from digitrec.datasets.exploration.labels import count_labels
from digitrec.datasets.export import FORMATS, export
from digitrec.errors import DataError


def data(
    source: Annotated[
        str | None, typer.Argument(help=f"{', '.join(SOURCES)}, a .csv, a .npz or a folder.  [default: list them]")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download what is missing.")] = False,
    form: Annotated[str | None, typer.Option("--export", help=f"Write it out as {', '.join(FORMATS)}.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to write it to.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Say what data there is, where it comes from, and what is odd about it."""
    with show_errors():
        if source is None:
            there, known = titles(), {name: f"{entry.title}, {entry.about}" for name, entry in SOURCES.items()}
            rows = [{"name": name, "title": title, "there": name in there} for name, title in (there | known).items()]
            show(rows, "\n".join(_source_line(row) for row in rows), as_json=as_json)
            return
        if not fetch and source in SOURCES and not is_there(source):
            missing = ", ".join(SOURCES[source].needs)
            hint = "Add --fetch to download it." if SOURCES[source].can_fetch else "Put the files there."
            raise DataError(f"Expected {missing} in {data_folder()}. Received: no such files. {hint}")
        dataset = load_dataset(source)
        row = _describe(dataset)
        show(row, _dataset_text(row), as_json=as_json)
        if form:
            typer.echo(f"Written to {export(dataset, folder, form)}.", err=True)


def _describe(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "caution": dataset.caution,
        "folder": str(data_folder()),
        "images": {name: len(dataset.part(name)) for name in PARTS},
        "counts": {name: count_labels(dataset.part(name).labels)["count"].tolist() for name in PARTS},
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
