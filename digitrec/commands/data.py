"""`digitrec data`: list the data sources, describe one, download it or convert it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from digitrec.commands.common import AsJson, show, show_errors
from digitrec.datasets import SOURCES, Dataset, benchmark_for, check, data_folder, is_available, load_dataset, titles
from digitrec.datasets.dataset import PARTS
from digitrec.datasets.exploration.labels import count_labels
from digitrec.datasets.export import FORMATS, export
from digitrec.errors import DataError


def data(
    source: Annotated[
        str | None,
        typer.Argument(help=f"{', '.join(SOURCES)}, or a path to a .csv, .npz or folder. All are listed by default."),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download missing files.")] = False,
    form: Annotated[str | None, typer.Option("--export", help=f"Convert the data to {', '.join(FORMATS)}.")] = None,
    folder: Annotated[Path, typer.Option(help="The folder that --export writes to.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """List the data sources, or describe one: origin, licence, label counts and data quality."""
    with show_errors():
        if source is None:
            available, known = titles(), {name: f"{entry.title}, {entry.about}" for name, entry in SOURCES.items()}
            rows = [
                {"name": name, "title": title, "available": name in available}
                for name, title in (available | known).items()
            ]
            show(rows, "\n".join(_source_line(row) for row in rows), as_json=as_json)
            return
        if not fetch and source in SOURCES and not is_available(source):
            missing = ", ".join(SOURCES[source].needs)
            hint = "Add --fetch to download them." if SOURCES[source].can_fetch else "Copy the files there."
            raise DataError(f"Expected {missing} in {data_folder()}. Received: no such files. {hint}")
        dataset = load_dataset(source)
        row = _describe(dataset)
        show(row, _dataset_text(row), as_json=as_json)
        if form:
            typer.echo(f"Wrote {export(dataset, folder, form)}.", err=True)


def _describe(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "caution": dataset.caution,
        "folder": str(data_folder()),
        "images": {name: len(dataset.part(name)) for name in PARTS},
        "label_counts": {name: count_labels(dataset.part(name).labels)["count"].tolist() for name in PARTS},
        "findings": [
            {"kind": finding.kind, "split": finding.split, "message": finding.sentence, "count": len(finding.places)}
            for finding in check(dataset, benchmark_for(dataset))
        ],
        "sha256": dataset.hashes,
    }


def _dataset_text(row: dict[str, Any]) -> str:
    counts = [
        f"{name} {row['images'][name]:>6,}: " + " ".join(f"{n:>5}" for n in row["label_counts"][name])
        for name in row["label_counts"]
    ]
    findings = [f"- {finding['message']}" for finding in row["findings"]] or ["No problems found."]
    caution = [row["caution"]] if row["caution"] else []
    return "\n".join([f"{row['source']} ({row['licence']})", f"in {row['folder']}", *counts, *caution, *findings])


def _source_line(row: dict[str, Any]) -> str:
    return f"{row['name']:<8} {'available' if row['available'] else 'missing':<11}{row['title']}"
