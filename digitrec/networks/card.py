"""The model card: what a model is, how it was made and how well it performs; read and written as card.json."""

import hashlib
import re
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from digitrec.errors import ModelError
from digitrec.evaluation.calibration import Calibration
from digitrec.evaluation.metrics import Measurement, Proportion
from digitrec.storage import StrPath, replace_file, top_folder

SHIPPED = top_folder() / "models"

NUMBERS = re.compile(
    r"\[\n[\d\s.,eE+-]*\]"
)  # a list of numbers over several lines; JSON strings have no bare line break


class Rejection(BaseModel):
    """How often the answer would be "not sure" at other thresholds.

    Attributes
    ----------
    thresholds : rising probabilities below which the answer is "not sure": of being a digit at all where the card has
        a `digit_below`, else of the likeliest digit.
    digits, others : the rejection rate at each threshold for sets of digits and of non-digits, by name.
    """

    model_config = ConfigDict(frozen=True)
    thresholds: tuple[Proportion, ...]
    digits: dict[str, tuple[Proportion, ...]]
    others: dict[str, tuple[Proportion, ...]]


class Rival(BaseModel):
    """Another network on the same drawings, or this model, for comparison.

    Attributes
    ----------
    name : name of the network in the catalogue.
    recipe : how it was trained, in a few words.
    parameters, bytes : number of parameters, and size of the .tflite file.
    scans : accuracy on the MNIST test set.
    prepared, naive : accuracy on the same pen drawings, preprocessed as MNIST was, or with the whole canvas merely
        shrunk to 28 x 28.
    answers, naive_answers : the predicted digit for each of the model's reference drawings (`drawings.npz`).
    """

    model_config = ConfigDict(frozen=True)
    name: str
    recipe: str
    parameters: int = Field(gt=0)
    bytes: int = Field(gt=0)
    scans: Measurement
    prepared: Measurement
    naive: Measurement = Field(validation_alias=AliasChoices("naive", "careless"))
    answers: tuple[int, ...]
    naive_answers: tuple[int, ...] = Field(validation_alias=AliasChoices("naive_answers", "careless_answers"))


class Speed(BaseModel):
    """Milliseconds for one image on one core, images per second in batches on two threads, and the machine."""

    model_config = ConfigDict(frozen=True)
    milliseconds: float = Field(gt=0)
    images_per_second: float = Field(gt=0)
    machine: str


class PathCard(BaseModel):
    """The second network, which reads the pen's path where the strokes are known.

    Attributes
    ----------
    parameters : number of parameters, trainable or not.
    powers : exponents of the ink's and the path's probabilities before they are multiplied.
    unsure_below : as in `Card`, for the combined probabilities.
    digit_below : as in `Card`, for the mean of both networks' probability that it is a digit at all
        (`digitrec.networks.verdict.mean_digit_score`).
    """

    model_config = ConfigDict(frozen=True)
    parameters: int = Field(gt=0)
    powers: tuple[float, float]
    unsure_below: Proportion
    digit_below: Proportion = 0.0


class Sibling(BaseModel):
    """A model made by the same recipe from another seed, to show how much of a card is chance.

    Attributes
    ----------
    note : how its making differed, as a sentence; empty where it did not.
    """

    model_config = ConfigDict(frozen=True)
    seed: int
    measured: tuple[Measurement, ...]
    note: str = ""


class Card(BaseModel):
    """What a model is, how it was made, and how well it performs. Cards with former names of fields load, too.

    Attributes
    ----------
    name, network : name of the model, and of its architecture in the catalogue.
    parameters : number of parameters, trainable or not.
    unsure_below : confidence below which the answer is "not sure".
    digit_below : probability of being any digit below which the answer is "not sure" as well; 0 where the network has
        no output for non-digits.
    measured : metrics, each on data that was not used in training.
    weaknesses : known weaknesses, in sentences.
    recipe, data, environment : what is needed to make it again.
    history : the learning curves, one number per epoch for each of loss, accuracy, val_loss, val_accuracy and seconds;
        empty where they are not known.
    date : ISO 8601.
    files : sha256 of each file in the folder, by name.
    path : the second network, in path.tflite, which reads the pen's path; None where there is none.
    temperature : the temperature that is built into its last layer (Guo and others, 2017).
    calibration, rejection, rivals, speed : present where they were measured.
    seeds : the models that it was chosen from, itself among them.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    network: str
    parameters: int = Field(gt=0)
    unsure_below: Proportion
    digit_below: Proportion = 0.0
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
    rejection: Rejection | None = Field(default=None, validation_alias=AliasChoices("rejection", "refusal"))
    rivals: tuple[Rival, ...] = ()
    speed: Speed | None = None
    seeds: tuple[Sibling, ...] = ()


def read_card(folder: StrPath) -> Card:
    """Read the card of a model folder.

    Raises
    ------
    ModelError, if it is missing or damaged, naming the field that is wrong.
    """
    folder = Path(folder)
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


def write_card(folder: StrPath, card: Card) -> None:
    """Write a card into its model's folder, each list of numbers on one line."""
    folder = Path(folder)
    text = NUMBERS.sub(lambda found: " ".join(found[0].split()), card.model_dump_json(indent=2))
    replace_file(folder / "card.json", text + "\n")


def read_model_file(folder: StrPath, name: str, card: Card) -> bytes:
    """Read a file of a model and check it against its hash on the model's card.

    Raises
    ------
    ModelError, if the file is missing, or its hash differs from the card's.
    """
    folder = Path(folder)
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
