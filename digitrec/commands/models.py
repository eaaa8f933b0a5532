"""`digitrec models` and `digitrec evaluate`: list the available models, and measure one on a dataset."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from digitrec.commands.common import AsJson, metric_row, show, show_errors, write_output
from digitrec.datasets import load_dataset
from digitrec.errors import DataError, ModelError
from digitrec.evaluation.calibration import expected_calibration_error
from digitrec.evaluation.metrics import check_probabilities, cross_entropy, measure_proportion, per_digit
from digitrec.evaluation.predictions import list_mistakes
from digitrec.networks.card import read_card
from digitrec.networks.classifier import load_classifier
from digitrec.networks.registry import input_kind, list_models


def models(as_json: AsJson = False) -> None:
    """List the available models."""
    cards = []
    for name, folder in list_models(None).items():
        try:
            cards.append((name, read_card(folder)))
        except ModelError as error:
            typer.echo(f"Skipped {name}. {error}", err=True)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "network": card.network,
            "input": input_kind(list_models(None)[name]),
            "parameters": card.parameters,
            "date": card.date,
            "metrics": [metric_row(figure) for figure in card.measured],
        }
        for name, card in cards
    ]
    lines = [
        f"{row['name']:<24} {row['network']:<18} {row['parameters']:>10,} parameters  {row['date']}" for row in rows
    ]
    show(rows, "\n".join(lines), as_json=as_json)


def evaluate(
    model: Annotated[str, typer.Argument(help="A model's name or folder.")],
    source: Annotated[str, typer.Option(help="The dataset: a source listed by `data`, or a path.")] = "mnist",
    part: Annotated[str, typer.Option(help="The part to evaluate on: train or test.")] = "test",
    mistakes: Annotated[
        Path | None,
        typer.Option(help="Write the misclassified images to this .csv, least probable label first.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on a dataset: accuracy, log loss, calibration, and precision and recall of each digit."""
    with show_errors():
        data = load_dataset(source)
        split = data.part(part)
        if not len(split):
            raise DataError(
                f"Expected images in the {part} part of {data.name}. Received: none. Choose the other part."
            )
        probabilities = load_classifier(model).predict_proba(split.images)
        check_probabilities(probabilities, split.labels)
    row = {"model": model, "source": data.name, "split": part, **_metrics(probabilities, split.labels)}
    show(row, _metrics_text(row), as_json=as_json)
    if mistakes:
        with show_errors():
            write_output(mistakes, list_mistakes(probabilities, split.labels).to_csv(index=False))
        typer.echo(f"Wrote {mistakes}.", err=True)


def _metrics(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> dict[str, Any]:
    read = probabilities.argmax(axis=1)
    figure = measure_proportion("accuracy", "", read == labels)
    return {
        "n": figure.n,
        "accuracy": figure.value,
        "accuracy_interval": [figure.low, figure.high],
        "log_loss": cross_entropy(probabilities, labels),
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "misclassified": {digit: int(((read != labels) & (labels == digit)).sum()) for digit in range(10)},
        "digits": [_digit_row(row) for row in per_digit(labels, read).to_dict("records")],
    }


def _digit_row(row: dict[Any, Any]) -> dict[str, Any]:
    interval = {"recall_interval": [row["recall_low"], row["recall_high"]]}
    return (
        {key: row[key] for key in ("digit", "precision", "recall")}
        | interval
        | {key: row[key] for key in ("f1", "support")}
    )


def _metrics_text(row: dict[str, Any]) -> str:
    low, high = row["accuracy_interval"]
    counts = "  ".join(f"{digit}: {count}" for digit, count in row["misclassified"].items())
    return (
        f"Accuracy {row['accuracy']:.2%} on {row['n']:,} images (95 % confidence interval {low:.2%} to {high:.2%}), "
        f"log loss {row['log_loss']:.4f}, expected calibration error {row['expected_calibration_error']:.4f}\n"
        f"Misclassified by digit: {counts}\n{_digits_text(row['digits'])}"
    )


def _digits_text(rows: list[dict[str, Any]]) -> str:
    lines = [
        f"{row['digit']:>5} {row['support']:>7,}{row['recall']:>9.2%}   "
        f"{row['recall_interval'][0]:>7.2%} to {row['recall_interval'][1]:>7.2%}{row['precision']:>11.2%}"
        for row in rows
    ]
    return "\n".join([f"digit  images   recall   {'95 % interval':<18}  precision", *lines])
