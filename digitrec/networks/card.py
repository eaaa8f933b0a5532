"""The model card: what a model is, how it came about and what it is worth; read and written as card.json."""

import hashlib
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from digitrec.errors import ModelError
from digitrec.evaluation.calibration import Calibration
from digitrec.evaluation.metrics import Measurement, Share

SHIPPED = Path(__file__).parents[2] / "models"

NUMBERS = re.compile(r"\[\n[\d\s.,eE+-]*\]")  # a list of them over several lines; no text in JSON has a bare line break


class Rejection(BaseModel):
    """What would be answered "not sure" if another probability were asked for.

    Attributes
    ----------
    thresholds : probabilities under which the answer is "not sure", rising: of being any digit where the card has a
        `digit_below`, else of the likeliest.
    digits, others : the share answered so at each threshold, of digits and of what is none, by which drawings.
    """

    model_config = ConfigDict(frozen=True)
    thresholds: tuple[Share, ...]
    digits: dict[str, tuple[Share, ...]]
    others: dict[str, tuple[Share, ...]]


class Rival(BaseModel):
    """Another reader of the same drawings, or this model, for comparison.

    Attributes
    ----------
    name : of its network in the catalogue.
    recipe : how it was trained, in a few words.
    parameters, bytes : how large it is, as numbers and as a .tflite file.
    scans : MNIST's test part, read correctly.
    prepared, careless : the same pen drawings, made as MNIST was made, or with the whole canvas shrunk to 28 x 28.
    answers, careless_answers : what it reads in each of the model's drawings (`drawings.npz`), in their order.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    recipe: str
    parameters: int = Field(gt=0)
    bytes: int = Field(gt=0)
    scans: Measurement
    prepared: Measurement
    careless: Measurement
    answers: tuple[int, ...]
    careless_answers: tuple[int, ...]


class Speed(BaseModel):
    """Milliseconds for one image, on one core, and images a second in batches, with two threads; on which machine."""

    model_config = ConfigDict(frozen=True)
    milliseconds: float = Field(gt=0)
    images_per_second: float = Field(gt=0)
    machine: str


class PathCard(BaseModel):
    """The network beside the first that reads the pen's path, where the strokes are known.

    Attributes
    ----------
    parameters : count, trained and not.
    powers : to which the probabilities from the ink and from the path are raised before they are multiplied.
    unsure_below : as of the card, for what both answer together.
    digit_below : as of the card, for the mean of how strongly each of both finds it any digit
        (`digitrec.networks.verdict.share_found_by_both`).
    """

    model_config = ConfigDict(frozen=True)
    parameters: int = Field(gt=0)
    powers: tuple[float, float]
    unsure_below: Share
    digit_below: Share = 0.0


class Sibling(BaseModel):
    """A model made by the same recipe from a seed, and its figures: how much of a card is chance.

    Attributes
    ----------
    note : how it was made otherwise, as a sentence; empty where it was not.
    """

    model_config = ConfigDict(frozen=True)
    seed: int
    measured: tuple[Measurement, ...]
    note: str = ""


class Card(BaseModel):
    """What a model is, how it came about, and what it is worth.

    Attributes
    ----------
    name, network : of the model, and of its architecture in the catalogue.
    parameters : count, trained and not.
    unsure_below : a highest probability under which the answer is "not sure".
    digit_below : a probability of being any of the ten digits under which the answer is "not sure", too; 0 where the
        network has no answer for what is none.
    measured : figures, each on data that no training saw.
    weaknesses : sentences for people.
    recipe, data, environment : how to make it again.
    history : how its training went, a number an epoch for each of loss, accuracy, val_loss, val_accuracy and seconds;
        empty where it is not known.
    date : ISO 8601.
    files : the sha256 of each file in the folder, by name.
    path : what reads the pen's path beside it, in path.tflite; None where there is none.
    temperature : by which its logits were divided before it was written (Guo and others, 2017).
    calibration, refusal, rivals, speed : where they were measured.
    seeds : the models that it was chosen from, itself among them, by their seeds.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    network: str
    parameters: int = Field(gt=0)
    unsure_below: Share
    digit_below: Share = 0.0
    measured: tuple[Measurement, ...]
    weaknesses: tuple[str, ...]
    recipe: dict[str, JsonValue]
    data: dict[str, JsonValue]
    environment: dict[str, JsonValue]
    history: dict[str, tuple[float, ...]] = {}
    date: str
    files: dict[str, str]
    path: PathCard | None = None
    temperature: float = 1.0
    calibration: tuple[Calibration, ...] = ()
    refusal: Rejection | None = None
    rivals: tuple[Rival, ...] = ()
    speed: Speed | None = None
    seeds: tuple[Sibling, ...] = ()


def read_card(folder: Path) -> Card:
    """The card of a model folder.

    Raises
    ------
    ModelError, where it is missing or damaged, naming what is wrong in it.
    """
    path = folder / "card.json"
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError:
        raise ModelError(f"Expected a model's card at {path}. Received: no such file. {_restore(folder)}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise ModelError(
            f"Expected {path} to be a model's card. Received: {where}: {first['msg']}. {_restore(folder)}"
        ) from None


def write_card(folder: Path, card: Card) -> None:
    """Write a card into its model's folder, a list of numbers in one line."""
    text = NUMBERS.sub(lambda found: " ".join(found[0].split()), card.model_dump_json(indent=2))
    (folder / "card.json").write_text(text + "\n", "utf-8")


def read_file(folder: Path, name: str, card: Card) -> bytes:
    """The bytes of a model's file, if they are those that the card was written for.

    Raises
    ------
    ModelError, where the file is missing, or its hash differs from the card's.
    """
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError:
        raise ModelError(f"Expected a model file at {path}. Received: no such file. {_restore(folder)}") from None
    expected, found = card.files.get(name, "none"), hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(
            f"Expected {path} with the sha256 in its card, {expected[:12]}…. Received: {found[:12]}…. "
            f"The file is damaged or belongs to another card. {_restore(folder)}"
        )
    return content


def _restore(folder: Path) -> str:
    remake = "get it back with `git checkout models` or remake it with `make model`"
    return f"{remake[0].upper()}{remake[1:]}." if folder.parent == SHIPPED else "Export the model again."
