"""Export a model as a zip, or import one from files.

model folder -> `pack` -> a zip with reference predictions and a check script
files -> `add_model` -> model folder                 model folder -> `add_weights` -> model.safetensors in it

Everything that needs Keras runs in a separate process, so that the app never loads it.
"""

import hashlib
import importlib.util
import io
import json
import logging
import lzma
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from digitrec.datasets import is_available, load_dataset
from digitrec.errors import ModelError
from digitrec.evaluation.metrics import measure_proportion
from digitrec.networks.card import Card, read_card, read_model_file, write_card
from digitrec.networks.classifier import Classifier
from digitrec.networks.exchange.golden import PARITY, ROUNDED_PARITY, golden_difference, golden_images
from digitrec.networks.registry import PATH_FILES, check_name, keep_model, workshop
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS
from digitrec.storage import DAMAGED, StrPath

log = logging.getLogger("digitrec")

FORMS = {".keras": "model.keras", ".tflite": "model.tflite"}
SENT = (*FORMS.values(), "path.keras", "path.tflite", "card.json")  # .safetensors files are made here, of .keras files
MOST_FILES = 4
LARGEST = 50_000_000  # bytes of a file; the catalogue's largest network has 11 million
UNMEASURED: dict[str, Any] = {
    name: Card.model_fields[name].default for name in ("calibration", "rejection", "rivals", "seeds", "speed")
} | {"measured": ()}
CONVERSION_TIMEOUT = 180  # seconds
CHECK = Path(__file__).with_name("export_check.py")  # copied into the zip, never imported
READABLE = 0o644 << 16  # file mode, in the upper half of a zip entry's attributes
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the same model packs to the same bytes


def missing_onnx() -> str:
    """Why `pack` leaves model.onnx out, as one sentence for users; empty where it can be written."""
    missing = [name for name in ("onnx", "tf2onnx") if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return (
        f"Expected onnx and tf2onnx, to write model.onnx. Received: {' and '.join(missing)} not installed, so the zip "
        "has no model.onnx. Run `python -m pip install onnx tf2onnx` and export again."
    )


def pack(folder: StrPath) -> bytes:
    """A zip of a model: .keras, .tflite, .onnx, the card, golden.npz, and check.py, which checks the predictions.

    .onnx is left out where `missing_onnx` says why.

    Raises
    ------
    ModelError, where a file is missing, damaged or cannot be converted.
    """
    folder = Path(folder)
    card = read_card(folder)
    contents = {name: read_model_file(folder, name, card) for name in card.files}
    images = golden_images()
    answers: dict[str, Any] = {"probabilities": Classifier(contents["model.tflite"], card).predict_proba(images)}
    if "model.keras" in contents:
        with workshop() as draft:
            (draft / "model.keras").write_bytes(contents["model.keras"])
            forms = [] if missing_onnx() else ["onnx"]
            answers["exact"] = np.array(_convert(draft, *forms)["answers"], np.float32)
            contents |= {f"model.{form}": (draft / f"model.{form}").read_bytes() for form in forms}
    golden = io.BytesIO()
    np.savez_compressed(golden, images=images, **answers)
    contents |= {
        "card.json": (folder / "card.json").read_bytes(),
        "golden.npz": golden.getvalue(),
        "check.py": CHECK.read_bytes(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, FIXED_DATE)
            entry.external_attr = READABLE
            file.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def add_model(files: Mapping[str, bytes], name: str) -> Path:
    """Add a model to the user's own: a .keras or .tflite file, both of the same network, or a zip from `pack`.

    It must take 28 x 28 images with ink 255 on 0 and return ten probabilities. Its predictions on the golden images are
    checked, and its accuracy is measured on MNIST's test set, or on UCI's where MNIST is missing.

    Raises
    ------
    ModelError, where the network does not fit, or the name is taken or invalid.
    """
    check_name(name)
    contents = _sort(files)
    with workshop() as draft:
        for file, content in contents.items():
            (draft / file).write_bytes(content)
        answers, parameters = None, 0
        if "model.keras" in contents:
            said = _convert(draft, "safetensors", *([] if "model.tflite" in contents else ["litert"]))
            answers, parameters = np.array(said["answers"], np.float32), said["parameters"]
            _log_left_out(name, said["left out"])
        card = _describe(draft, name, _sent_card(contents), parameters)
        path = (draft / "path.tflite").read_bytes() if card.path is not None else None
        reader = Classifier((draft / "model.tflite").read_bytes(), card, path)
        _compare(reader.predict_proba(golden_images()), answers, ROUNDED_PARITY if reader.is_rounded else PARITY)
        test = load_dataset("mnist" if is_available("mnist") else "uci")
        read = reader.predict_proba(test.test.images).argmax(axis=1)
        figure = measure_proportion("accuracy", f"Test set of {test.name}", read == test.test.labels)
        parameters = parameters or reader.count_parameters()
        write_card(draft, card.model_copy(update={"measured": (figure,), "parameters": parameters}))
        return keep_model(draft, name)


def add_weights(folder: StrPath) -> Card:
    """Write the .safetensors files of a model, with which a browser reads, into its folder; returns the card with them.

    Raises
    ------
    ModelError, where there is no .keras file to make them of, a file is damaged, or none can be written.
    """
    folder = Path(folder)
    card = read_card(folder)
    for name in {"model.keras"} | ({"path.keras"} & set(card.files)):
        read_model_file(folder, name, card)
    left_out = _run("plain_layers", str(folder))
    if reason := left_out.get(WEIGHTS) or left_out.pop("refused", ""):
        raise ModelError(
            f"Expected a network of layers that a browser can run. Received: {reason}. "
            "Its drawings are read on the server."
        )
    _log_left_out(card.name, left_out)
    found = [name for name in (WEIGHTS, PATH_WEIGHTS) if (folder / name).is_file() and name not in left_out]
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in found}
    card = card.model_copy(update={"files": card.files | hashes})
    write_card(folder, card)
    return card


def _log_left_out(name: str, left_out: Mapping[str, str]) -> None:
    for file, reason in left_out.items():
        log.warning(
            "%r reads on the server. Expected layers that a browser can run, to write %s. Received: %s.",
            name,
            file,
            reason,
        )


def _sort(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files received, under the names that a model folder uses."""
    if len(files) > MOST_FILES:
        raise ModelError(
            f"Expected at most {MOST_FILES} files, all of one network. Received: {len(files)}. Choose fewer."
        )
    found: dict[str, bytes] = {}
    for name, content in files.items():
        suffix = Path(name).suffix.lower()
        if suffix == ".zip":
            found |= _unpack(content)
        elif suffix in FORMS:
            found[FORMS[suffix]] = content
        else:
            raise ModelError(f"Expected .keras, .tflite or .zip files. Received: {name!r}. Choose others.")
    for name, content in found.items():
        if len(content) > LARGEST:
            raise ModelError(
                f"Expected files of at most {LARGEST / 1e6:.0f} MB. Received: {name} of {len(content) / 1e6:.0f} MB. "
                "Choose a smaller network."
            )
    if not {"model.keras", "model.tflite"} & set(found):
        raise ModelError("Expected a .keras or .tflite file. Received: none. Choose one.")
    for name in {"model.keras", "path.keras"} & set(found):
        _check_unpacked_size(found[name])
    return found


def _unpack(content: bytes) -> dict[str, bytes]:
    """The model files in a zip; other files are ignored."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            wanted = [one for one in file.infolist() if one.filename in SENT]
            large = next((one for one in wanted if one.file_size > LARGEST), None)
            contents = {} if large else {one.filename: file.read(one) for one in wanted}
    except (*DAMAGED, NotImplementedError, lzma.LZMAError):
        raise ModelError(
            "Expected a zip as digitrec exports it. Received: a damaged or encrypted one. Export the model again."
        ) from None
    if large:
        raise ModelError(
            f"Expected files of at most {LARGEST / 1e6:.0f} MB. Received: {large.filename} of "
            f"{large.file_size / 1e6:.0f} MB. Choose a smaller network."
        )
    return contents


def _check_unpacked_size(content: bytes) -> None:
    """Refuse a .keras file, which is a zip, that is too large once unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            size = sum(one.file_size for one in file.infolist())
    except (zipfile.BadZipFile, OSError):
        raise ModelError(
            "Expected a .keras file as Keras 3 saves it. Received: something else. Save it with `model.save`."
        ) from None
    if size > 2 * LARGEST:
        raise ModelError(
            f"Expected a .keras file of at most {2 * LARGEST / 1e6:.0f} MB unpacked. Received: {size / 1e6:.0f} MB. "
            "Choose a smaller network."
        )


def _sent_card(contents: Mapping[str, bytes]) -> Card | None:
    """The model card among the files, if it is a valid one."""
    try:
        return Card.model_validate_json(contents["card.json"])
    except (KeyError, ValidationError):
        return None


def _describe(draft: Path, name: str, sent: Card | None, parameters: int) -> Card:
    """A card for the files in the draft, without the metrics that came with them: they were not measured here."""
    names = [*FORMS.values(), WEIGHTS, *PATH_FILES]
    found = [file for file in sorted(draft.iterdir()) if file.name in names]
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found}
    if sent is not None:
        path = sent.path if "path.tflite" in files else None
        return sent.model_copy(update={"name": name, "files": files, "path": path} | UNMEASURED)
    return Card(
        name=name,
        network="from a file",
        parameters=parameters or 1,
        unsure_below=0.5,
        measured=(),
        weaknesses=("It was added from a file: its training data is not known.",),
        recipe={},
        data={},
        environment={},
        date=time.strftime("%Y-%m-%d"),
        files=files,
    )


def _compare(probabilities: NDArray[np.float32], answers: NDArray[np.float32] | None, parity: float) -> None:
    """Refuse outputs that are not probabilities, and two files whose predictions differ."""
    sums = probabilities.sum(axis=1)
    if not np.isfinite(probabilities).all() or probabilities.min() < -PARITY or np.abs(sums - 1).max() > PARITY:
        raise ModelError(
            f"Expected ten probabilities that sum to 1. Received: outputs of {probabilities.min():.3g} to "
            f"{probabilities.max():.3g} that sum to {sums.min():.3g} to {sums.max():.3g}. End the network in a softmax."
        )
    if answers is not None and (apart := golden_difference(probabilities, answers)) > parity:
        raise ModelError(
            f"Expected the same predictions from the .keras and the .tflite file. Received: probabilities that "
            f"differ by {apart:.2g} on the same images. Export both from the same network, or add just one."
        )


def _convert(folder: Path, *forms: str) -> dict[str, Any]:
    said = _run("convert", str(folder), *forms)
    if "refused" in said:
        raise ModelError(
            f"Expected a Keras network from (28, 28, 1) to 10. Received: {said['refused']}. Save another one."
        )
    return said


def _run(program: str, *arguments: str) -> dict[str, Any]:
    """The line of JSON that a program of `digitrec.training.worker` prints."""
    command = [sys.executable, "-m", f"digitrec.training.worker.{program}", *arguments]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CONVERSION_TIMEOUT)  # noqa: S603
        said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        said = {"refused": "one that the converter failed on"}
    return said
