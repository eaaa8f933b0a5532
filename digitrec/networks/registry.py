"""The models folders: which models there are; keep, rename, delete and restore one's own.

models/<name>/  card.json, model.tflite (used by the app), model.keras (training can continue from it),
                model.safetensors (used by the browser); path.* (the network for the pen's path), where there is one
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path

import platformdirs

from digitrec.errors import ModelError, writing
from digitrec.networks.architectures import ARCHITECTURES, Reads
from digitrec.networks.card import SHIPPED, read_card, read_model_file, write_card
from digitrec.networks.weights import PATH_WEIGHTS
from digitrec.storage import StrPath, file_stamp, replace_file, replace_folder

SHIPPED_NAME = "digitrec"
NUMBERS_NAME = "digitrec-numbers"  # the shipped model that reads whole numbers
DELETED = ".deleted"
PATH_FILES = ("path.keras", "path.tflite", PATH_WEIGHTS)
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9_-])?")


def models_folders() -> list[Path]:
    """The folders that are searched for models: the user's own (`DIGITREC_MODELS` if set), then the shipped ones."""
    own = os.environ.get("DIGITREC_MODELS")
    return [Path(own) if own else platformdirs.user_data_path("digitrec") / "models", SHIPPED]


def list_models(reads: Reads | None = "digit") -> dict[str, Path]:
    """Name and folder of each model with this kind of input (None: any), shipped models first, then own ones by name.

    A model whose card is damaged is listed among those that read a digit.
    """
    found: dict[str, Path] = {}
    for folder in reversed(models_folders()):
        found |= {card.parent.name: card.parent for card in sorted(folder.glob("[!.]*/card.json"))}
    return {name: folder for name, folder in found.items() if reads in (None, input_kind(folder))}


def input_kind(folder: StrPath) -> Reads:
    """Whether the model in a folder reads a digit or a number."""
    card = Path(folder) / "card.json"
    return _input_kind(card, file_stamp([card]))


@lru_cache(maxsize=256)
def _input_kind(card: Path, stamp: str) -> Reads:
    """Read the card again if its `stamp` has changed: the page asks with each stroke."""
    del stamp
    try:
        network = json.loads(card.read_bytes()).get("network")
    except (OSError, ValueError, AttributeError):
        return "digit"
    return ARCHITECTURES[network].reads if isinstance(network, str) and network in ARCHITECTURES else "digit"


def keep_model(folder: StrPath, name: str) -> Path:
    """Copy a model's folder into the user's own models under a new name, and return its new folder.

    Raises
    ------
    ModelError, if the name is taken or not valid, the model is damaged, or the folder cannot be written.
    """
    check_name(name)
    target = models_folders()[0] / name
    if target.exists():  # a folder without a card is not a model, but it is somebody's
        raise ModelError(f"Expected to write the model to {target}. Received: something is there. Choose another name.")
    replace_model(folder, target)
    return target


def replace_model(folder: StrPath, target: StrPath) -> None:
    """Replace the model at `target` by a copy of another model's folder, under the name of `target`.

    Raises
    ------
    ModelError, if the model is damaged, or the folder cannot be written.
    """
    target = Path(target)
    card = read_card(folder)
    contents = {file: read_model_file(folder, file, card) for file in card.files}
    with writing(f"the model to {target}", ModelError, "Make room, or set DIGITREC_MODELS."):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as workshop:
            draft = Path(workshop) / target.name
            draft.mkdir()
            for file, content in contents.items():
                replace_file(draft / file, content)
            write_card(draft, card.model_copy(update={"name": target.name}))
            replace_folder(draft, target)


def rename_model(name: str, new: str) -> None:
    """Rename one of the user's own models.

    Raises
    ------
    ModelError, if the new name is taken or not valid, or the model is not the user's own.
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
    """Delete one of the user's own models; `restore_model` can bring it back until another one is deleted.

    Raises
    ------
    ModelError, if the model is not the user's own, or the folder cannot be written.
    """
    folder = _own(name)
    aside = models_folders()[0] / DELETED
    with _writing():
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        folder.rename(aside / name)


def restore_model(name: str) -> None:
    """Restore the model that was deleted last.

    Raises
    ------
    ModelError, if it is another model, its name has been taken since, or the folder cannot be written.
    """
    check_name(name)
    folder = models_folders()[0] / DELETED / name
    if not folder.is_dir():
        raise ModelError(f"Expected the model that was deleted last. Received: {name!r}. It is gone: add it again.")
    with _writing():
        folder.rename(models_folders()[0] / name)


@contextmanager
def workshop() -> Iterator[Path]:
    """A temporary folder beside the user's own models to build a model in; its name can never be a model's.

    Raises
    ------
    ModelError, if the folder cannot be written.
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
    """Whether a model is the user's own, so that it can be renamed and deleted."""
    folder = list_models(None).get(name)
    return folder is not None and folder.parent == models_folders()[0]


def _own(name: str) -> Path:
    if not is_own(name):
        raise ModelError(
            f"Expected one of your own models. Received: {name!r}, which was shipped with digitrec or is gone. "
            "Choose another."
        )
    return list_models(None)[name]


def check_name(name: str) -> None:
    """Raise ModelError for a name that is taken, or that could be anything but a plain folder name."""
    if not NAME.fullmatch(name):
        raise ModelError(
            f"Expected a name of up to 40 letters, digits, spaces, dots, - and _, beginning with a letter or digit. "
            f"Received: {name!r}. Choose another."
        )
    if name in list_models(None):
        raise ModelError(f"Expected a name that no model has yet. Received: {name!r}. Choose another.")


def find_model(name_or_folder: StrPath = SHIPPED_NAME) -> Path:
    """The folder of a model, given its name, or a path: a path object, or a string with a slash.

    Raises
    ------
    ModelError, if there is no such folder.
    """
    is_path = not isinstance(name_or_folder, str) or Path(name_or_folder).name != name_or_folder
    candidates = [Path(name_or_folder)] if is_path else [folder / name_or_folder for folder in models_folders()]
    for folder in candidates:
        if folder.is_dir():
            return folder
    places = "" if is_path else " in " + " or ".join(str(folder) for folder in models_folders())
    raise ModelError(
        f"Expected a model folder named {os.fspath(name_or_folder)!r}{places}. Received: no such folder. "
        "Put it there, or remake the shipped model with `make model`."
    )
