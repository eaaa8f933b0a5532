"""`python -m digitrec models` and `evaluate`: which models there are, and how well one reads."""

from typing import Annotated, Any

import typer

from digitrec.classifier import load_classifier
from digitrec.commands.common import AsJson, show, told
from digitrec.datasets import load_dataset
from digitrec.errors import DataError, ModelError
from digitrec.evaluation import cross_entropy, measure
from digitrec.registry import list_models, read_card


def models(as_json: AsJson = False) -> None:
    """List the models that can be read with."""
    cards = []
    for name, folder in list_models().items():
        try:
            cards.append((name, read_card(folder)))
        except ModelError as error:
            typer.echo(f"{name} cannot be used. {error}", err=True)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "network": card.network,
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
    as_json: AsJson = False,
) -> None:
    """Say how well a model reads a dataset: accuracy with its 95 % interval, and the errors of each digit."""
    with told():
        if part not in ("train", "test"):
            raise DataError(f"Expected train or test as part. Received: {part!r}. Choose one of them.")
        data = load_dataset(source)
        split = data.train if part == "train" else data.test
        probabilities = load_classifier(model).predict_proba(split.images)
    read = probabilities.argmax(axis=1)
    figure = measure("read", f"{part} part of {data.name}", read == split.labels)
    wrong = {digit: int(((read != split.labels) & (split.labels == digit)).sum()) for digit in range(10)}
    loss = cross_entropy(probabilities, split.labels)
    row = {"model": model, **figure.model_dump(), "loss": loss, "errors": wrong}
    text = (
        f"{figure.share:.2%} of {figure.n:,} read correctly (95 % interval {figure.low:.2%} to {figure.high:.2%}), "
        f"loss {loss:.4f}\nerrors by digit: " + "  ".join(f"{digit}: {count}" for digit, count in wrong.items())
    )
    show(row, text, as_json=as_json)
