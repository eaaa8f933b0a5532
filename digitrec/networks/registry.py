"""The models folder: which models there are, and whether their files are what their cards say.

models/<name>/  model.tflite (what the app reads with), model.keras (what training goes on from), card.json
                path.tflite, path.keras (what reads the pen's path beside it), where there are any
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from digitrec.errors import ModelError, writing
from digitrec.networks.architectures import ARCHITECTURES, Reads

SHIPPED = Path(__file__).parents[2] / "models"
SHIPPED_NAME = "digitrec"
NUMBERS_NAME = "digitrec-numbers"  # the shipped model that reads whole numbers
DELETED = ".deleted"
PATH_FILES = ("path.keras", "path.tflite")
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9_-])?")
NUMBERS = re.compile(r"\[\n[\d\s.,eE+-]*\]")  # a list of them over several lines; no text in JSON has a bare line break
Kind = Literal["read", "doubted", "refused", "digit", "school", "width"]
Share = Annotated[float, Field(ge=0, le=1)]


class Measurement(BaseModel):
    """One figure: a share of n, with its 95 % interval (Wilson).

    Attributes
    ----------
    kind : "read" is the share of digits read correctly, "doubted" that of digits answered "not sure",
        "refused" that of drawings that are no digits answered so; "digit", "school" and "width" are shares read
        correctly of one digit, of one way to write it, of one stroke width.
    what : which drawings.
    on : which of several sets they are from, where there are several.
    """

    model_config = ConfigDict(frozen=True)
    kind: Kind
    what: str
    n: int = Field(gt=0)
    share: Share
    low: Share
    high: Share
    on: str = ""


class Bin(BaseModel):
    """How often the model is right when its highest probability lies from `low` to `high`.

    Attributes
    ----------
    n : how many digits were answered so.
    confidence, accuracy : the mean of their highest probabilities, and the share read correctly.
    accuracy_low, accuracy_high : its 95 % interval (Wilson).
    """

    model_config = ConfigDict(frozen=True)
    low: Share
    high: Share
    n: int = Field(gt=0)
    confidence: Share
    accuracy: Share
    accuracy_low: Share
    accuracy_high: Share


class Calibration(BaseModel):
    """Whether confidence means what it says, on the drawings `what`.

    Attributes
    ----------
    error, bins : the expected calibration error, and what it is made of.
    by_chance : the error that would be expected of so many drawings if confidence meant exactly what it says.
    """

    model_config = ConfigDict(frozen=True)
    what: str
    n: int = Field(gt=0)
    error: Share
    by_chance: Share = 0.0
    bins: tuple[Bin, ...]


class Refusal(BaseModel):
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
        (`digitrec.networks.classifier.share_found_by_both`).
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
    refusal: Refusal | None = None
    rivals: tuple[Rival, ...] = ()
    speed: Speed | None = None
    seeds: tuple[Sibling, ...] = ()


def models_folders() -> list[Path]:
    """Where models are looked for, in this order: `DIGITREC_MODELS` if it is set, then those shipped."""
    own = os.environ.get("DIGITREC_MODELS")
    return [Path(own) if own else platformdirs.user_data_path("digitrec") / "models", SHIPPED]


def list_models(reads: Reads | None = "digit") -> dict[str, Path]:
    """The name and folder of each model that has a card and reads that, or anything; shipped ones first, own by name.

    One whose card is damaged counts among those that read a digit.
    """
    found: dict[str, Path] = {}
    for folder in reversed(models_folders()):
        found |= {card.parent.name: card.parent for card in sorted(folder.glob("[!.]*/card.json"))}
    return {name: folder for name, folder in found.items() if reads in (None, what_it_reads(folder))}


def what_it_reads(folder: Path) -> Reads:
    """What the model in a folder reads."""
    try:
        network = json.loads((folder / "card.json").read_bytes()).get("network")
    except (OSError, ValueError, AttributeError):
        return "digit"
    return ARCHITECTURES[network].reads if isinstance(network, str) and network in ARCHITECTURES else "digit"


def keep_model(folder: Path, name: str) -> Path:
    """Copy a model's folder among one's own models under a new name; returns where it is.

    Raises
    ------
    ModelError, where the name is taken or none that a model can have, the model is damaged, or nothing can be written.
    """
    check_name(name)
    target = models_folders()[0] / name
    if target.exists():  # a folder without a card, which is no model, but somebody's
        raise ModelError(f"Expected to write the model to {target}. Received: something is there. Choose another name.")
    replace_model(folder, target)
    return target


def replace_model(folder: Path, target: Path) -> None:
    """Put a copy of a model's folder at `target`, under that folder's name, in place of what was there.

    Raises
    ------
    ModelError, where the model is damaged, or nothing can be written.
    """
    card = read_card(folder)
    contents = {file: read_file(folder, file, card) for file in card.files}
    draft, old = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.old")
    try:
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)
        draft.mkdir(parents=True)
        for file, content in contents.items():
            (draft / file).write_bytes(content)
        write_card(draft, card.model_copy(update={"name": target.name}))
        if target.exists():
            target.rename(old)
        draft.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise ModelError(
            f"Expected to write the model to {target}. Received: {error.strerror}. Make room, or set DIGITREC_MODELS."
        ) from None


def rename_model(name: str, new: str) -> None:
    """Give one's own model another name.

    Raises
    ------
    ModelError, where the new name is taken or none that a model can have, or the model is not one's own.
    """
    folder = _own(name)
    check_name(new)
    card, target = read_card(folder).model_copy(update={"name": new}), folder.with_name(new)
    try:
        folder.rename(target)
        write_card(target, card)
    except OSError as error:
        raise ModelError(
            f"Expected to rename {name!r} to {new!r}. Received: {error.strerror}. Choose another name."
        ) from None


def delete_model(name: str) -> None:
    """Put one's own model aside, from where `restore_model` gets it back until another one is deleted.

    Raises
    ------
    ModelError, where the model is not one's own, or nothing can be written.
    """
    folder = _own(name)
    aside = models_folders()[0] / DELETED
    with _writing():
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        folder.rename(aside / name)


def restore_model(name: str) -> None:
    """Get back the model that was deleted last.

    Raises
    ------
    ModelError, where it is another one, its name was taken meanwhile, or nothing can be written.
    """
    check_name(name)
    folder = models_folders()[0] / DELETED / name
    if not folder.is_dir():
        raise ModelError(f"Expected the model that was deleted last. Received: {name!r}. It is gone: add it again.")
    with _writing():
        folder.rename(models_folders()[0] / name)


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder beside one's own models to make a model in, under a name that no model can have; gone afterwards.

    Raises
    ------
    ModelError, where nothing can be written.
    """
    folder = models_folders()[0]
    with _writing():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as name:
            yield Path(name)


def _writing() -> AbstractContextManager[None]:
    folder = models_folders()[0]
    return writing(f"in {folder}", ModelError, "Make room there, or set DIGITREC_MODELS to another folder.")


def is_own(name: str) -> bool:
    """Whether a model is one's own, and can be renamed and deleted."""
    folder = list_models(None).get(name)
    return folder is not None and folder.parent == models_folders()[0]


def _own(name: str) -> Path:
    if not is_own(name):
        raise ModelError(
            f"Expected one of your own models. Received: {name!r}, which came with digitrec or is gone. Choose another."
        )
    return list_models(None)[name]


def check_name(name: str) -> None:
    """Refuse a name that is taken, or that could be anything else than a folder's name."""
    if not NAME.fullmatch(name):
        raise ModelError(
            f"Expected a name of up to 40 letters, digits, spaces, dots, - and _, beginning with a letter or digit. "
            f"Received: {name!r}. Choose another."
        )
    if name in list_models(None):
        raise ModelError(f"Expected a name that no model has yet. Received: {name!r}. Choose another.")


def find_model(name_or_folder: str | Path = SHIPPED_NAME) -> Path:
    """The folder of a model, by its name in the models folders, or by a path: a `Path`, or text with a slash in it.

    Raises
    ------
    ModelError, where there is none.
    """
    is_path = isinstance(name_or_folder, Path) or Path(name_or_folder).name != name_or_folder
    candidates = [Path(name_or_folder)] if is_path else [folder / name_or_folder for folder in models_folders()]
    for folder in candidates:
        if folder.is_dir():
            return folder
    places = "" if is_path else " in " + " or ".join(str(folder) for folder in models_folders())
    raise ModelError(
        f"Expected a model folder named {str(name_or_folder)!r}{places}. Received: no such folder. "
        "Put it there, or remake the shipped model with `make model`."
    )


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
