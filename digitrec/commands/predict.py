"""`digitrec predict`: read pictures of one digit or one number, and files of many digits."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from digitrec.commands.common import AsJson, show_errors, write_output
from digitrec.errors import DataError, DigitrecError
from digitrec.ink.image_files import load_ink
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import SHIPPED_NAME
from digitrec.networks.verdict import Reading
from digitrec.reading.files import BatchReading, is_batch, open_batch, read_batch
from digitrec.reading.files.submission import make_submission
from digitrec.reading.numbers.readers import NumberReader, load_number_reader
from digitrec.words import in_percent

Read = tuple[dict[str, Any], pd.DataFrame]  # a picture's JSON row, and a table row for each of its digits
NO_INK = "No ink was found: the picture is uniform. Choose a picture of a digit."
NAMED = 5  # invalid rows listed in the text; JSON lists more


def predict(  # noqa: PLR0917  typer turns parameters into options
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures of one digit each, or files of many: CSV, .npz, .npy, IDX, Parquet, a zip or a folder.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="A model's name or folder. With --number, a digit or number model. The shipped models by default."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a .csv with a row for each digit.")] = None,
    number: Annotated[bool, typer.Option("--number", help="Read each picture as a number of several digits.")] = False,
    submission: Annotated[
        bool, typer.Option("--submission", help="Write --out in the format of Kaggle's Digit Recognizer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read handwritten digits from pictures and data files.

    Ink may be dark on light or light on dark. A file that cannot be read is reported with its reason; the exit code is
    1 only if no file could be read.
    """
    try:
        _check_options(files, out, submission=submission, number=number)
        classifier = load_classifier(SHIPPED_NAME if number else model or SHIPPED_NAME)
        read_picture: Callable[[Path], Read] = partial(_read_picture, classifier=classifier)
        if number:
            read_picture = partial(_read_number, reader=load_number_reader(model))
    except DigitrecError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    rows, frames, readings = [], [], []
    for path in files:
        try:
            if is_batch(path):
                row, reading = _read_batch(path, classifier, keeps_rows=out is None and as_json)
                readings.append(reading)
                frame = reading.frame
            else:
                row, frame = read_picture(path)
            if len(frame):
                frames.append(frame.assign(file=str(path)))
        except DigitrecError as error:
            row = {"file": str(path), "digit": None, "error": str(error)}
        rows.append(row)
    _show(rows, as_json=as_json)
    if not any(_is_read(row) for row in rows):
        raise typer.Exit(1)
    if out is not None:
        with show_errors():
            write_output(out, make_submission(readings[0].frame, readings[0].count) if submission else _to_csv(frames))
        typer.echo(f"Wrote {out}.", err=True)


def _check_options(files: list[Path], out: Path | None, *, submission: bool, number: bool) -> None:
    """Reject invalid combinations of options before reading, which may take a long time."""
    if number and (batches := [path for path in files if is_batch(path)]):
        raise DataError(
            f"Expected pictures with --number. Received: {batches[0]}, a file of single digits. Leave --number out."
        )
    if submission and (out is None or len(files) != 1 or not is_batch(files[0])):
        received = f"{len(files)} file{'s' * (len(files) != 1)}{' without -o' if out is None else ''}"
        raise DataError(
            f"Expected --submission with one file of digits and -o. Received: {received}. "
            "Give one file, the test set, and -o FILE."
        )
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise DataError(f"Expected a file to write to. Received: {out}. Choose a name in an existing folder.")


def _read_picture(path: Path, classifier: Classifier) -> Read:
    reading = classifier.read(load_ink(path))
    if reading.digit is None:
        error = NO_INK
        return {"file": str(path), "digit": None, "error": error}, pd.DataFrame()
    second = int(reading.probabilities.argsort(kind="stable")[-2])
    line = {
        "row": 1,
        "digit": reading.digit,
        "confidence": reading.confidence,
        "unsure": reading.unsure,
        "second": second,
        "second_confidence": reading.probabilities[second],
    }
    return _row(path, reading), pd.DataFrame([line])


def _read_number(path: Path, reader: NumberReader) -> Read:
    reading = reader.read(load_ink(path))
    if not reading.digits:
        error = NO_INK
        return {"file": str(path), "digit": None, "error": error}, pd.DataFrame()
    lines = []
    for place, found in enumerate(reading.digits, 1):
        second, first = (int(digit) for digit in found.probabilities.argsort(kind="stable")[-2:])
        lines.append(
            {
                "row": place,
                "digit": first,
                "confidence": float(found.probabilities[first]),
                "unsure": found.unsure,
                "second": second,
                "second_confidence": float(found.probabilities[second]),
            }
        )
    boxes = [[found.left, found.top, found.right, found.bottom] for found in reading.digits]
    digits = [line | {"box": box} for line, box in zip(lines, boxes, strict=True)]
    return {"file": str(path), "number": reading.text, "digits": digits}, pd.DataFrame(lines)


def _row(path: Path, reading: Reading) -> dict[str, Any]:
    return {
        "file": str(path),
        "digit": reading.digit,
        "confidence": round(reading.confidence, 4),
        "unsure": reading.unsure,
        "reason": reading.reason,
        "probabilities": [round(float(one), 4) for one in reading.probabilities],
    }


def _read_batch(path: Path, classifier: Classifier, *, keeps_rows: bool) -> tuple[dict[str, Any], BatchReading]:
    batch = open_batch(path)
    typer.echo(f"{path}: {batch.kind}.", err=True)
    columns = (TextColumn("{task.percentage:>3.0f} %"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        reading = read_batch(batch, classifier, lambda fraction: bar.update(task, completed=fraction))
    frame = reading.frame
    row = {
        "file": str(path),
        "format": batch.kind,
        "n": len(frame),
        "unsure": int(frame["unsure"].sum()),
        "invalid": reading.bad_count,
        "invalid_rows": [asdict(one) for one in reading.bad],
    }
    if batch.has_labels:
        row["correct"] = int((frame["digit"] == frame["label"]).sum())
    if keeps_rows:
        row["predictions"] = json.loads(frame.to_json(orient="records"))
    return row, reading


def _is_read(row: dict[str, Any]) -> bool:
    return bool(row["n"]) if "format" in row else "number" in row or row["digit"] is not None


def _show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        if "format" in row:
            typer.echo(_batch_text(row), err=not _is_read(row))
        else:
            typer.echo(_line(row), err=not _is_read(row))


def _line(row: dict[str, Any]) -> str:
    if "number" in row:
        doubtful = [str(one["row"]) for one in row["digits"] if one["unsure"]]
        doubt = f", not sure of digit {' and '.join(doubtful)}" if doubtful else ""
        return f"{row['file']}: {row['number']}{doubt}"
    if row["digit"] is None:
        return f"{row['file']}: could not be read. {row['error']}"
    if row["unsure"]:
        return f"{row['file']}: not sure, perhaps {row['digit']} ({in_percent(row['confidence'])}). {row['reason']}"
    return f"{row['file']}: {row['digit']} ({in_percent(row['confidence'])})"


def _batch_text(row: dict[str, Any]) -> str:
    correct = f", {row['correct']:,} match their labels" if "correct" in row else ""
    text = f"{row['file']}: {row['n']:,} read{correct}, {row['unsure']:,} not sure."
    if not row["invalid"]:
        return text
    more = [f"  and {row['invalid'] - NAMED:,} more"] if row["invalid"] > NAMED else []
    named = [f"  {one['name'] or one['number']}: {one['reason']}" for one in row["invalid_rows"][:NAMED]]
    return "\n".join([f"{text} {row['invalid']:,} could not be read:", *named, *more])


def _to_csv(frames: list[pd.DataFrame]) -> bytes:
    frame = pd.concat(frames, ignore_index=True)
    if "label" in frame:  # missing labels of unlabelled files would turn 7 into 7.0
        frame["label"] = frame["label"].astype("Int64")
    return frame[["file", *frame.columns.drop("file")]].to_csv(index=False, lineterminator="\n").encode()
