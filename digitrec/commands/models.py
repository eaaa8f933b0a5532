"""`python -m digitrec models` and `evaluate`: which models there are, and how well one reads."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from digitrec.commands.common import AsJson, show, show_errors, write_output
from digitrec.datasets import load_dataset
from digitrec.errors import DataError, ModelError
from digitrec.evaluation.calibration import expected_calibration_error
from digitrec.evaluation.metrics import check_probabilities, cross_entropy, list_mistakes, measure, per_digit
from digitrec.networks.card import read_card
from digitrec.networks.classifier import load_classifier
from digitrec.networks.registry import input_kind, list_models


def models(as_json: AsJson = False) -> None:
    """List the models that can be read with."""
    cards = []
    for name, folder in list_models(None).items():
        try:
            cards.append((name, read_card(folder)))
        except ModelError as error:
            typer.echo(f"{name} cannot be used. {error}", err=True)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "network": card.network,
            "reads": input_kind(list_models(None)[name]),
            "parameters": card.parameters,
            "date": card.date,
            "measured": [figure.model_dump() for figure in card.measured],
        }
        for name, card in cards
    ]
    lines = [f"{row['name']:<24} {row['network']:<18} {row['parameters']:>10,} numbers  {row['date']}" for row in rows]
    show(rows, "\n".join(lines), as_json=as_json)


def evaluate(
    model: Annotated[str, typer.Argument(help="A model's name or folder.")],
    source: Annotated[str, typer.Option(help="A dataset, as `data` lists them.")] = "mnist",
    part: Annotated[str, typer.Option(help="train or test.")] = "test",
    mistakes: Annotated[
        Path | None, typer.Option(help="A .csv to write the mistakes to, worst first.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how well a model reads a dataset: accuracy with its 95 % interval, calibration, and figures of each digit."""
    with show_errors():
        if part not in ("train", "test"):
            raise DataError(f"Expected train or test as part. Received: {part!r}. Choose one of them.")
        data = load_dataset(source)
        split = data.train if part == "train" else data.test
        if not len(split):
            raise DataError(
                f"Expected images in the {part} part of {data.name}. Received: none. Choose the other part."
            )
        probabilities = load_classifier(model).predict_proba(split.images)
        check_probabilities(probabilities, split.labels)
    read = probabilities.argmax(axis=1)
    figure = measure("read", f"{part} part of {data.name}", read == split.labels)
    wrong = {digit: int(((read != split.labels) & (split.labels == digit)).sum()) for digit in range(10)}
    loss = cross_entropy(probabilities, split.labels)
    calibration_error = expected_calibration_error(probabilities, split.labels)
    digits = per_digit(split.labels, read)
    row = {
        "model": model,
        **figure.model_dump(),
        "loss": loss,
        "calibration_error": calibration_error,
        "errors": wrong,
        "digits": digits.to_dict("records"),
    }
    text = (
        f"{figure.share:.2%} of {figure.n:,} read correctly (95 % interval {figure.low:.2%} to {figure.high:.2%}), "
        f"loss {loss:.4f}, expected calibration error {calibration_error:.4f}\n"
        "errors by digit: " + "  ".join(f"{digit}: {count}" for digit, count in wrong.items())
    )
    show(row, f"{text}\n{_digits_text(digits)}", as_json=as_json)
    if mistakes:
        with show_errors():
            write_output(mistakes, list_mistakes(probabilities, split.labels).to_csv(index=False))
        typer.echo(f"Mistakes written to {mistakes}.", err=True)


def _digits_text(digits: pd.DataFrame) -> str:
    lines = [
        f"{line.digit:>5} {line.support:>7,}{line.recall:>9.2%}   {line.recall_low:>7.2%} to {line.recall_high:>7.2%}"
        f"{line.precision:>11.2%}"
        for line in digits.itertuples()
    ]
    return "\n".join([f"digit  images   recall   {'95 % interval':<18}  precision", *lines])
