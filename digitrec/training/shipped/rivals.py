"""How other networks read the same drawings: each of the catalogue, taught by its published recipe.

name -> `python -m digitrec train` -> model folder, kept -> checks and drawings, prepared and careless -> `Rival`
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
from digitrec.evaluation.metrics import Measurement, measure
from digitrec.ink.drawings import render
from digitrec.ink.preprocessing import preprocess, shrink
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.card import Rival
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.measuring.figures import PEN, SCANS
from digitrec.networks.measuring.reference_drawings import ReferenceDrawings
from digitrec.networks.measuring.test_sets import HeldOutSets
from digitrec.training.published import MNIST_IMAGES, PUBLISHED
from digitrec.training.runs import runs_folder

LEFT_OUT = ("digitrec", "cnn-deep", "cnn-augmented")  # the model itself; and two that take long on 2 cores
NAMES = tuple(name for name, each in ARCHITECTURES.items() if each.reads == "digit" and name not in LEFT_OUT)


def measure_rivals(
    folder: Path, checks: HeldOutSets, reference: ReferenceDrawings, tell: Callable[[str], None]
) -> tuple[Rival, ...]:
    """The model in `folder`, and each other network; those that were taught before on this machine are not again.

    Raises
    ------
    RunError, where a training failed.
    """
    found = [measure_rival(folder, "MNIST, pen strokes and a synthetic writer", checks, reference)]
    for name in NAMES:
        recipe = PUBLISHED[name]
        told = f"{recipe.epochs} epochs of {recipe.images or MNIST_IMAGES:,} scans, as published"
        tell(f"For comparison: {name}, {told}.")
        found.append(measure_rival(_teach(name), told, checks, reference))
    return tuple(found)


def _teach(name: str) -> Path:
    """The folder of a network taught by its published recipe."""
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
            said = ran.stderr.strip().splitlines()[-1:] or ["nothing said"]
            raise RunError(f"Expected {name} to be trained. Received: {said[0][:200]!r}. Try again.") from None
    return folder


def measure_rival(folder: Path, recipe: str, checks: HeldOutSets, reference: ReferenceDrawings) -> Rival:
    """What the model in `folder` reads of the scans, and of the drawings, prepared and with the whole canvas shrunk."""
    classifier = load_classifier(folder)
    canvases = [render(drawing) for drawing in reference.drawings]
    prepared = [preprocess(canvas).image for canvas in canvases]
    return Rival(
        name=classifier.card.network,
        recipe=recipe,
        parameters=classifier.card.parameters,
        bytes=(folder / "model.tflite").stat().st_size,
        scans=_share(classifier, SCANS, checks.scans.images, checks.scans.labels),
        prepared=_share(classifier, PEN, checks.pen.images, checks.pen_labels),
        careless=_share(classifier, PEN, checks.careless, checks.pen_labels),
        answers=_read(classifier, np.stack([image for image in prepared if image is not None])),
        careless_answers=_read(classifier, np.stack([shrink(canvas) for canvas in canvases])),
    )


def _share(classifier: Classifier, what: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Measurement:
    return measure("read", what, classifier.predict_proba(images).argmax(axis=1) == labels)


def _read(classifier: Classifier, images: NDArray[np.uint8]) -> tuple[int, ...]:
    return tuple(int(digit) for digit in classifier.predict_proba(images).argmax(axis=1))
