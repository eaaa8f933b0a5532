"""Save a trained network as a model folder: model.keras, .tflite, .safetensors, and a model card with its metrics."""

import hashlib
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.exploration.pixels import count_greys, mean_and_deviation
from digitrec.datasets.synthetic.composing import image_writers
from digitrec.datasets.synthetic.number_strips import compose_strips
from digitrec.evaluation.calibration import REJECTED
from digitrec.evaluation.metrics import cross_entropy, measure_proportion
from digitrec.ink.strips import LONGEST
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.card import Card, write_card
from digitrec.networks.classifier import load_classifier
from digitrec.networks.ctc import ctc_loss, decode
from digitrec.networks.weights import WEIGHTS
from digitrec.reading.numbers.sequence import load_sequence_reader
from digitrec.training.recipe import Recipe
from digitrec.training.run_folders import runs
from digitrec.training.splits import Parts
from digitrec.training.validation import validation_for
from digitrec.training.worker.export import export_litert, export_quantised
from digitrec.training.worker.network import build_keras
from digitrec.training.worker.plain_layers import save_weights

FILES = ("model.keras", "model.tflite", WEIGHTS)
LIBRARIES = ("tensorflow-cpu", "tensorflow", "keras", "numpy", "ai-edge-litert", "pillow")
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")
TEST_NUMBERS = 2000


def save_files(
    model: keras.Model, fresh: keras.Model, folder: Path, examples: NDArray[np.uint8] | None = None
) -> dict[str, str]:
    """Write model.keras, model.tflite and model.safetensors; returns the SHA-256 of each file by its name.

    model.keras has no optimiser state, which would make it three times as large. `fresh` is the same network with any
    other weights. With `examples`, the convolutions in model.tflite are quantised to 8 bits (see `export_quantised`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh.set_weights(model.get_weights())
    fresh.save(folder / "model.keras")
    if examples is None:
        export_litert(fresh, folder / "model.tflite")
    else:
        export_quantised(fresh, folder / "model.tflite", examples)
    if left_out := save_weights(fresh, folder / WEIGHTS):  # all layers of the catalogue are covered
        raise AssertionError(left_out)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def save_trained(
    run: Path, model: keras.Model, recipe: Recipe, parts: Parts, *, seconds: float, history: list[dict[str, float]]
) -> dict[str, float]:
    """Write the model of a run and evaluate it on the test set; returns test accuracy, loss and number of images.

    `history` has one row per epoch, as in `digitrec.training.run_folders.run_tables`.
    """
    folder, data = runs.model_folder(run), parts.data
    (folder / "card.json").unlink(missing_ok=True)  # a folder without a card is not a complete model
    mean, deviation = mean_and_deviation(count_greys(parts.train.images))
    files = save_files(model, build_keras(recipe.network, recipe.scaling, mean, deviation), folder)
    card = Card(
        name=run.name,
        network=recipe.network,
        parameters=model.count_params(),
        unsure_below=0.5,
        measured=(),
        weaknesses=(f"It was trained only on {data.source}.",),
        recipe=recipe.model_dump(mode="json"),
        data={"source": data.source, "licence": data.licence, "training images": len(parts.train)},
        environment=describe_environment() | {"seconds": round(seconds, 1)},
        history={name: tuple(float(f"{row[name]:.6g}") for row in history) for name in CURVES},
        date=time.strftime("%Y-%m-%d"),
        files=files,
    )
    write_card(folder, card)
    evaluate = _evaluate_numbers if ARCHITECTURES[recipe.network].reads == "number" else _evaluate_digits
    confidence, is_correct, loss, what = evaluate(folder, recipe, parts)
    unsure_below = round(float(np.quantile(confidence, REJECTED)), 3) if len(confidence) else 0.5
    measured = measure_proportion("accuracy", what, is_correct)
    write_card(folder, card.model_copy(update={"unsure_below": unsure_below, "measured": (measured,)}))
    return {"test_accuracy": float(is_correct.mean()), "test_loss": loss, "test_images": float(len(is_correct))}


Evaluated = tuple[NDArray[np.float32], NDArray[np.bool_], float, str]


def _evaluate_digits(folder: Path, _recipe: Recipe, parts: Parts) -> Evaluated:
    """Confidence on the validation set; on the test set, which are correct, the loss, and what it consists of."""
    classifier = load_classifier(folder)
    confidence = classifier.predict_proba(parts.validation.images).max(axis=1)
    probabilities = classifier.predict_proba(parts.test.images)
    is_correct = probabilities.argmax(axis=1) == parts.test.labels
    return confidence, is_correct, cross_entropy(probabilities, parts.test.labels), f"Test set of {parts.data.name}"


def _evaluate_numbers(folder: Path, recipe: Recipe, parts: Parts) -> Evaluated:
    """As `_evaluate_digits`; confidence is per digit, and a number is correct if all its digits are."""
    reader = load_sequence_reader(folder)
    validation = validation_for(recipe, parts.validation).images
    confidence = [decode(one).probabilities.max(axis=1, initial=0) for one in reader.predict_proba(validation)]
    test = compose_strips(image_writers(parts.test), TEST_NUMBERS, [recipe.split_seed, 1])
    probabilities = reader.predict_proba(test.strips)
    is_correct = np.array([decode(one).text == text for one, text in zip(probabilities, test.texts, strict=True)])
    what = f"Numbers of 1 to {LONGEST} digits composed of the test set of {parts.data.name}"
    return np.concatenate(confidence), is_correct, float(ctc_loss(probabilities, test.texts).mean()), what


def describe_environment() -> dict[str, Any]:
    """For `save_trained`: the machine, and the versions of Python and the main libraries."""
    libraries = {name: found for name in LIBRARIES if (found := _version(name))}
    return {"python": platform.python_version(), "machine": platform.machine(), **libraries}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
