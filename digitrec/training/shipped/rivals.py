"""Other networks of the catalogue, trained by their published recipes and measured on the same drawings.

name -> `python -m digitrec train` -> model folder, kept -> held-out sets, drawings preprocessed and naive -> `Rival`
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import ModelError, RunError
from digitrec.evaluation.metrics import Measurement, measure_proportion
from digitrec.ink.drawings import render
from digitrec.ink.preprocessing import preprocess, shrink
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.card import Rival
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.measuring.measurements import PEN, SCANS
from digitrec.networks.measuring.reference_drawings import ReferenceDrawings
from digitrec.networks.measuring.test_sets import HeldOutSets
from digitrec.training.published import MNIST_IMAGES, PUBLISHED
from digitrec.training.run_folders.runs import runs_folder

LEFT_OUT = ("digitrec", "cnn-deep", "cnn-augmented")  # the model itself, and two that take long on 2 cores
NAMES = tuple(name for name in PUBLISHED if ARCHITECTURES[name].reads == "digit" and name not in LEFT_OUT)


def measure_rivals(
    folder: Path, held_out: HeldOutSets, reference: ReferenceDrawings, tell: Callable[[str], None]
) -> tuple[Rival, ...]:
    """Measure the model in `folder` and the published networks; those that this machine has trained before are reused.

    Raises
    ------
    RunError, if a training fails.
    """
    found = [measure_rival(folder, "MNIST, pen strokes and a synthetic writer", held_out, reference)]
    for name in NAMES:
        recipe = PUBLISHED[name]
        described = f"published recipe: {recipe.epochs} epochs, {recipe.images or MNIST_IMAGES:,} MNIST images"
        tell(f"For comparison: {name}, {described}.")
        found.append(measure_rival(_train(name), described, held_out, reference))
    return tuple(found)


def _train(name: str) -> Path:
    """The folder of a network trained by its published recipe."""
    folder = runs_folder() / "rivals" / name
    try:
        load_classifier(folder)
    except ModelError:
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "digitrec", "train", "--network", name, "--folder", str(folder)]
        with tempfile.TemporaryDirectory(dir=folder.parent) as runs:
            ran = subprocess.run(  # noqa: S603  our own program
                command, env=os.environ | {"DIGITREC_RUNS": runs}, capture_output=True, text=True, check=False
            )
        if ran.returncode:
            message = ran.stderr.strip().splitlines()[-1:] or ["no message"]
            raise RunError(f"Expected {name} to be trained. Received: {message[0][:200]!r}. Try again.") from None
    return folder


def measure_rival(folder: Path, recipe: str, held_out: HeldOutSets, reference: ReferenceDrawings) -> Rival:
    """Accuracy of the model in `folder` on scans and on drawings, preprocessed or with the whole canvas shrunk."""
    classifier = load_classifier(folder)
    canvases = [render(drawing) for drawing in reference.drawings]
    prepared = [preprocess(canvas).image for canvas in canvases]
    return Rival(
        name=classifier.card.network,
        recipe=recipe,
        parameters=classifier.card.parameters,
        bytes=(folder / "model.tflite").stat().st_size,
        scans=_accuracy(classifier, SCANS, held_out.scans.images, held_out.scans.labels),
        prepared=_accuracy(classifier, PEN, held_out.pen.images, held_out.pen_labels),
        naive=_accuracy(classifier, PEN, held_out.naive, held_out.pen_labels),
        answers=_predict(classifier, np.stack([image for image in prepared if image is not None])),
        naive_answers=_predict(classifier, np.stack([shrink(canvas) for canvas in canvases])),
    )


def _accuracy(classifier: Classifier, what: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Measurement:
    return measure_proportion("accuracy", what, classifier.predict_proba(images).argmax(axis=1) == labels)


def _predict(classifier: Classifier, images: NDArray[np.uint8]) -> tuple[int, ...]:
    return tuple(int(digit) for digit in classifier.predict_proba(images).argmax(axis=1))
