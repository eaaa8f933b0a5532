"""Make the shipped model: teach it, decide when it is unsure, measure it once, and write its folder.

lesson -> Student -> model.keras, model.tflite         strokes -> path.keras, path.tflite
        -> powers and thresholds on one half of the checks -> figures on the other -> card
"""

import dataclasses
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from digitrec.architectures import ARCHITECTURES, count_parameters
from digitrec.classifier import Classifier, combine, load_classifier
from digitrec.datasets import Split, load_dataset, mnist, pen
from digitrec.evaluation import cross_entropy, measure
from digitrec.nondigits import UNSEEN
from digitrec.recipe import Recipe
from digitrec.registry import PATH_FILES, SHIPPED_NAME, Card, Measurement, PathCard, write_card
from digitrec.training.batches import Lesson
from digitrec.training.fitting import Student
from digitrec.training.lessons import (
    CHECKED_NONDIGITS,
    NONDIGITS,
    PEN_COPIES,
    Checks,
    make_lesson,
    make_path_lesson,
)
from digitrec.training.network import build, export_litert
from digitrec.training.pathnetwork import build_path_network, teach_paths
from digitrec.training.saving import REFUSED, describe_environment, save_files

MNIST_TEST = "Scans of 297 people it never met (MNIST test)"
PEN = "Pen digits of six people it never met"
EXAMPLES = 1000
PATH_EPOCHS = 60
WEAKNESSES = (
    "It knows the hands of American census staff and students (MNIST) and of 24 people in Turkey (pen digits).",
    "How it reads people who were taught other digits was not measured.",
    "Digits that are turned to the right are read worse than upright ones.",
    "It was taught doubt with scribbles, seven letters, three signs and pairs of digits.",
    "Other letters, above all those that resemble a digit, are still read as one too often.",
)


def make_model(folder: Path, recipe: Recipe, tell: Callable[[str], None]) -> Card:
    """Train by the recipe and put the model into `folder`, in place of what was there, once it is whole and measured.

    `tell` hears of the progress, a line at a time.

    Raises
    ------
    DataError, where the data folder lacks what is learned from.
    """
    start = time.perf_counter()
    tell("Drawing the pen digits and the shapes that are no digits …")
    lesson, checks = make_lesson(recipe.seed)
    tell(f"{len(lesson.images):,} images to learn from; {recipe.epochs} epochs.")
    student = _teach(recipe, lesson, lambda epoch, loss: tell(_progress(epoch, recipe.epochs, loss, start)))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as workshop:
        draft = Path(workshop) / "draft"
        with student.at_its_best():
            files = save_files(student.model, build(recipe.network), draft, choose_examples(lesson, recipe.seed))
        card = Card(
            name=SHIPPED_NAME,
            network=recipe.network,
            parameters=count_parameters(ARCHITECTURES[recipe.network].layers),
            unsure_below=0.5,
            measured=(),
            weaknesses=WEAKNESSES,
            recipe=json.loads(json.dumps(dataclasses.asdict(recipe))),
            data=_describe_data(lesson, checks),
            environment=describe_environment() | {"seconds": round(time.perf_counter() - start)},
            date=time.strftime("%Y-%m-%d"),
            files=files,
        )
        tell(f"The network that reads the pen's path: {PATH_EPOCHS} epochs.")
        card = measure_model(draft, add_path(draft, card, recipe.seed, PATH_EPOCHS), checks)
        if folder.exists():
            folder.rename(Path(workshop) / "old")
        draft.rename(folder)
    for figure in card.measured:
        tell(f"{figure.what}: {figure.share:.2%} of {figure.n:,} ({figure.low:.2%} to {figure.high:.2%})")
    return card


def add_path(folder: Path, card: Card, seed: int, epochs: int) -> Card:
    """Teach a network to read the pen's path and write it beside the one in `folder`; the card that tells of it."""
    model = teach_paths(make_path_lesson(seed), epochs, seed, lambda _: None)
    fresh = build_path_network()
    fresh.set_weights(model.get_weights())  # without the optimiser's memory
    fresh.save(folder / PATH_FILES[0])
    export_litert(fresh, folder / PATH_FILES[1])
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in PATH_FILES}
    path = PathCard(parameters=fresh.count_params(), powers=(1.0, 1.0), unsure_below=0.5)
    return card.model_copy(update={"files": card.files | files, "path": path})


def choose_examples(lesson: Lesson, seed: int) -> NDArray[np.uint8]:
    """Some images of a lesson, (n, 28, 28) uint8, that show which range each layer needs."""
    return lesson.images[np.random.default_rng(seed).permutation(len(lesson.images))[:EXAMPLES]]


def _teach(recipe: Recipe, lesson: Lesson, on_epoch: Callable[[int, float], None]) -> Student:
    """Train from fresh weights; `on_epoch` is told the epoch, from 1, and its loss."""
    student = Student(recipe, lesson)
    for epoch in range(recipe.epochs):
        losses = [step.loss for step in student.learn(epoch)]
        on_epoch(epoch + 1, float(np.mean(losses)))
    return student


def measure_model(folder: Path, card: Card, checks: Checks) -> Card:
    """Measure the .tflite in `folder` and write the card, with what was measured, beside it."""
    write_card(folder, card)
    card = card.model_copy(update={"unsure_below": choose_threshold(load_classifier(folder), checks)})
    write_card(folder, card)
    if card.path is not None:
        card = card.model_copy(update={"path": choose_powers(load_classifier(folder), card.path, checks)})
        write_card(folder, card)
    card = card.model_copy(update={"measured": tuple(_figures(load_classifier(folder), checks))})
    write_card(folder, card)
    return card


def choose_threshold(classifier: Classifier, checks: Checks) -> float:
    """The highest probability under which at most 1 % of real digits fall, on the first half of the checks.

    The two sources count alike: the threshold suits both, so the lower of the two is taken.
    """
    halves = [_half(split, 0) for split in (checks.mnist, checks.pen)]
    confidences = [classifier.predict_proba(split.images).max(axis=1) for split in halves]
    return round(float(min(np.quantile(confidence, REFUSED) for confidence in confidences)), 3)


def choose_powers(classifier: Classifier, path: PathCard, checks: Checks) -> PathCard:
    """The powers with the least cross-entropy on the first half of the pen digits, and a threshold as the other's."""
    split, paths = _half(checks.pen, 0), checks.pen_paths[0::2]
    by_ink, by_path = classifier.predict_proba(split.images), classifier.predict_from_paths(paths)

    def loss(powers: NDArray[np.float64]) -> float:
        return cross_entropy(combine(by_ink, by_path, (powers[0], powers[1])), split.labels)

    found = minimize(loss, (1.0, 0.5), method="Nelder-Mead", bounds=[(0.01, 5.0)] * 2).x
    powers = (round(float(found[0]), 3), round(float(found[1]), 3))
    confident = combine(by_ink, by_path, powers).max(axis=1)
    unsure_below = round(float(np.quantile(confident, REFUSED)), 3)
    return path.model_copy(update={"powers": powers, "unsure_below": unsure_below})


def _figures_with_paths(classifier: Classifier, path: PathCard, checks: Checks) -> Iterator[Measurement]:
    """What is measured where the strokes are known."""

    def read(images: NDArray[np.uint8], paths: NDArray[np.float32]) -> NDArray[np.float32]:
        return combine(classifier.predict_proba(images), classifier.predict_from_paths(paths), path.powers)

    split = _half(checks.pen, 1)
    together = read(split.images, checks.pen_paths[1::2])
    yield measure("read", f"{PEN}, second half, ink and path", together.argmax(axis=1) == split.labels)
    by_ink = classifier.predict_proba(split.images)
    yield measure("read", f"{PEN}, second half, ink alone", by_ink.argmax(axis=1) == split.labels)
    yield measure("doubted", f"{PEN}, second half, ink and path", together.max(axis=1) < path.unsure_below)
    for kind, images in checks.nondigits.items():
        name = kind.capitalize() + (", never trained on" if kind in UNSEEN else "") + ", ink and path"
        unsure = read(images, checks.nondigit_paths[kind]).max(axis=1) < path.unsure_below
        yield measure("refused", name, unsure)


def _figures(classifier: Classifier, checks: Checks) -> Iterator[Measurement]:
    digits = {
        MNIST_TEST: load_dataset("mnist").test,
        "Scans of 54 people it never met (MNIST validation)": checks.mnist,
        PEN: checks.pen,
        **checks.hard,
    }
    for name, split in digits.items():
        yield measure("read", name, classifier.predict_proba(split.images).argmax(axis=1) == split.labels)
    for name, split in ((MNIST_TEST, digits[MNIST_TEST]), (f"{PEN}, second half", _half(checks.pen, 1))):
        yield measure("doubted", name, _is_unsure(classifier, split.images))
    for kind, images in checks.nondigits.items():
        name = kind.capitalize() + (", never trained on" if kind in UNSEEN else "")
        yield measure("refused", name, _is_unsure(classifier, images))
    if classifier.card.path is not None:
        yield from _figures_with_paths(classifier, classifier.card.path, checks)


def _is_unsure(classifier: Classifier, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return classifier.predict_proba(images).max(axis=1) < classifier.card.unsure_below


def _half(split: Split, which: int) -> Split:
    return Split(split.images[which::2], split.labels[which::2])


def _describe_data(lesson: Lesson, checks: Checks) -> dict[str, Any]:
    return {
        "images to learn from": len(lesson.images),
        "of which": {
            "MNIST training writers": 60_000 - len(checks.mnist),
            "pen digits of 24 writers": f"{PEN_COPIES} drawings each",
            "drawings that are no digits": f"{NONDIGITS} of each kind",
        },
        "validation": {
            "MNIST training set, every tenth writer": len(checks.mnist),
            "pen writers " + ", ".join(map(str, sorted(pen.HELD_OUT_WRITERS))): len(checks.pen),
            "drawings that are no digits": f"{CHECKED_NONDIGITS} of each kind",
        },
        "sha256": mnist.HASHES | mnist.WRITER_HASHES | {pen.PATH: pen.SHA256},
    }


def _progress(epoch: int, epochs: int, loss: float, start: float) -> str:
    left = (time.perf_counter() - start) / epoch * (epochs - epoch) / 60
    return f"Epoch {epoch} of {epochs}: loss {loss:.4f}, about {left:.0f} minutes left."
