"""Make the shipped model: train it, calibrate it, choose its thresholds, measure it once, and write its folder.

training set -> Trainer -> temperature -> model.keras, model.tflite         strokes -> path.keras, path.tflite
        -> thresholds from half of the held-out sets -> figures from the other half -> card, reference drawings
"""

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.sources import mnist, pen
from digitrec.datasets.sources.pen import load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.digit_forms import FORMS
from digitrec.evaluation.calibration import fit_temperature
from digitrec.networks.architectures import ARCHITECTURES, SHARES, count_parameters
from digitrec.networks.card import Card, PathCard, Sibling, write_card
from digitrec.networks.measuring import reference_drawings
from digitrec.networks.measuring.figures import PEN, SECOND_HALF, VALIDATION, measure_model
from digitrec.networks.measuring.test_sets import NONDIGITS as CHECKED_NONDIGITS
from digitrec.networks.measuring.test_sets import HeldOutSets, half, make_checks
from digitrec.networks.registry import PATH_FILES, SHIPPED_NAME
from digitrec.storage import fingerprint, keep_arrays, kept_arrays, replace_folder
from digitrec.training.recipe import Recipe, change, to_json
from digitrec.training.runs import runs_folder
from digitrec.training.shipped.lessons import (
    LETTERS,
    NONDIGITS,
    PEN_COPIES,
    SCAN_COPIES,
    VARIED_COPIES,
    WRITTEN,
    make_lesson,
    make_path_lesson,
)
from digitrec.training.shipped.path_network import build_path_network, teach_paths
from digitrec.training.shipped.rivals import measure_rivals
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import TrainingSet
from digitrec.training.worker.network import build, export_litert
from digitrec.training.worker.saving import describe_environment, save_files
from digitrec.training.worker.step_time import measure_step

EXAMPLES = 1000
SEEDS = 3  # how many models are made, of which the best is kept
PATH_EPOCHS = 60
COMPARED = ("read", "doubted", "refused")  # figures of each seed that the card has
OF_RUNS = (
    "source",
    "images",
    "validation",
    "by_writer",
    "split_seed",
    "patience",
    "reduce_lr_patience",
)  # which do not apply here
WEAKNESSES = (
    "It was trained on the handwriting of American census staff and students (MNIST) and of 24 people in Turkey.",
    "Digits of other regions, such as a 1 with a long upstroke or a slashed 0, it knows from a synthetic writer only.",
    "Its accuracy is lower on digits that are rotated to the right than on upright ones.",
    "Letters that have the shape of a digit, such as O, S or l, are classified as that digit.",
)


def make_model(folder: Path, recipe: Recipe, tell: Callable[[str], None], seeds: int = SEEDS) -> Card:
    """Train by the recipe and put the model into `folder`, in place of what was there, once it is whole and measured.

    As many models are made as `seeds` says, from the recipe's seed on. The one with the best accuracy on the validation
    scans and half of the pen digits is kept, and its card has the figures of each. `tell` is called with the progress.

    Raises
    ------
    DataError, where training data is missing.
    """
    tell("Making the held-out sets …")
    checks, drawings = (
        make_checks(recipe.seed),
        reference_drawings.make_reference_drawings(split_by_writer(load_pen_digits())[1]),
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    cards: dict[Path, Card] = {}
    checkpoints = []
    with tempfile.TemporaryDirectory(dir=folder.parent) as workshop:
        for seed in range(recipe.seed, recipe.seed + seeds):
            tell(f"Seed {seed}, model {len(cards) + 1} of {seeds}. Making the training set, which takes minutes …")
            lesson, seeded = make_lesson(seed), change(recipe, seed=seed)
            draft = Path(workshop) / str(seed)
            draft.mkdir()
            reference_drawings.write_reference_drawings(draft, drawings)
            tell(_announce(seeded, lesson, seeds - len(cards)))
            cards[draft] = _make_one(draft, seeded, lesson, checks, tell)
            checkpoints.append(find_checkpoint(seeded, lesson))
        draft = max(cards, key=lambda draft: share_chosen_by(cards[draft]))
        siblings = tuple(
            Sibling(seed=int(draft.name), measured=tuple(one for one in card.measured if one.kind in COMPARED))
            for draft, card in cards.items()
        )
        rivals = measure_rivals(draft, checks, drawings, tell)
        card = cards[draft].model_copy(update={"rivals": rivals, "seeds": siblings})
        write_card(draft, card)
        replace_folder(draft, folder)
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)
    for figure in card.measured:
        tell(f"{figure.what}: {figure.share:.2%} of {figure.n:,} ({figure.low:.2%} to {figure.high:.2%})")
    return card


def share_chosen_by(card: Card) -> float:
    """The share read of the validation scans and of the first half of the pen digits, which count alike."""
    read = {one.what: one for one in card.measured if one.kind == "read"}
    both, second = read[PEN], read[PEN + SECOND_HALF + ", ink alone"]
    first = (both.n * both.share - second.n * second.share) / (both.n - second.n)
    return (read[VALIDATION].share + first) / 2


def _make_one(
    folder: Path, recipe: Recipe, lesson: TrainingSet, checks: HeldOutSets, tell: Callable[[str], None]
) -> Card:
    """Train both networks, write them to `folder`, beside the reference drawings, and measure them."""
    begun = time.perf_counter()
    trainer, seconds = _teach(
        recipe, lesson, lambda epoch, here, loss: tell(_progress(epoch, here, recipe.epochs, loss, begun))
    )
    with trainer.averaged_weights():
        temperature = soften(trainer, checks)
        files = save_files(trainer.model, build(recipe.network), folder, choose_examples(lesson, recipe.seed))
    files[reference_drawings.FILE] = hashlib.sha256((folder / reference_drawings.FILE).read_bytes()).hexdigest()
    card = Card(
        name=SHIPPED_NAME,
        network=recipe.network,
        parameters=count_parameters(ARCHITECTURES[recipe.network].layers),
        unsure_below=0.5,
        measured=(),
        weaknesses=WEAKNESSES,
        recipe={name: value for name, value in json.loads(to_json(recipe)).items() if name not in OF_RUNS},
        data=_describe_data(lesson, checks),
        environment=describe_environment() | {"seconds": round(seconds)},
        temperature=round(temperature, 4),
        date=time.strftime("%Y-%m-%d"),
        files=files,
    )
    tell(f"Training the network that reads pen paths: {PATH_EPOCHS} epochs.")
    return measure_model(folder, add_path(folder, card, recipe.seed, PATH_EPOCHS), checks)


def add_path(folder: Path, card: Card, seed: int, epochs: int) -> Card:
    """Train a network on pen paths and write it beside the one in `folder`; returns the card with it."""
    model = teach_paths(make_path_lesson(seed), epochs, seed, lambda _: None)
    fresh = build_path_network()
    fresh.set_weights(model.get_weights())  # without the state of the optimiser
    fresh.save(folder / PATH_FILES[0])
    export_litert(fresh, folder / PATH_FILES[1])
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in PATH_FILES}
    path = PathCard(parameters=fresh.count_params(), powers=(1.0, 1.0), unsure_below=0.5)
    return card.model_copy(update={"files": card.files | files, "path": path})


def soften(trainer: Trainer, checks: HeldOutSets) -> float:
    """Divide the logits by the temperature fitted on the first half of the held-out sets, and return it."""
    images = np.concatenate([checks.validation.images[0::2], half(checks.pen, 0).images])
    labels = np.concatenate([checks.validation.labels[0::2], checks.pen_labels[0::2]])
    last = next(one for one in trainer.model.layers if getattr(one, "activation", None) is keras.activations.softmax)
    upto = keras.Model(trainer.model.inputs[0], last.output)
    before = upto.predict(images[..., None].astype(np.float32), batch_size=500, verbose=0)
    temperature = fit_temperature(before, labels, SHARES[: before.shape[1]])
    last.set_weights([weights / temperature for weights in last.get_weights()])
    return temperature


def choose_examples(lesson: TrainingSet, seed: int) -> NDArray[np.uint8]:
    """Some images of a training set, (n, 28, 28) uint8, that show the range of each layer."""
    return lesson.images[np.random.default_rng(seed).permutation(len(lesson.images))[:EXAMPLES]]


def _teach(recipe: Recipe, lesson: TrainingSet, on_epoch: Callable[[int, int, float], None]) -> tuple[Trainer, float]:
    """Train from initial weights, or from the checkpoint of this recipe; returns the seconds it took in all, too.

    `on_epoch` is called with the completed epoch, from 1, how many this process has trained, and the loss.
    """
    trainer, checkpoint = Trainer(recipe, lesson), find_checkpoint(recipe, lesson)
    done, spent, start = 0, 0.0, time.perf_counter()
    if arrays := kept_arrays(checkpoint):
        done, spent = int(np.asarray(arrays.pop("epochs"))), float(np.asarray(arrays.pop("seconds", 0.0)))
        trainer.from_arrays(arrays)
    for epoch in range(done, recipe.epochs):
        losses = [step.loss for step in trainer.train_epoch(epoch)]
        seconds = np.array(spent + time.perf_counter() - start)
        keep_arrays(checkpoint, epochs=np.array(epoch + 1), seconds=seconds, **trainer.to_arrays())
        on_epoch(epoch + 1, epoch + 1 - done, float(np.mean(losses)))
    return trainer, spent + time.perf_counter() - start


def find_checkpoint(recipe: Recipe, lesson: TrainingSet) -> Path:
    """The checkpoint of a training by this recipe on this training set; deleted once the model is measured."""
    written = np.frombuffer(to_json(recipe).encode(), np.uint8)
    return runs_folder() / f"shipped-{fingerprint(written, lesson.images, lesson.targets)}.npz"


def _describe_data(lesson: TrainingSet, checks: HeldOutSets) -> dict[str, Any]:
    return {
        "training images": len(lesson.images),
        "of which": {
            "MNIST training writers": f"{60_000 - len(checks.validation):,}, shown {SCAN_COPIES} times an epoch",
            "pen digits of 24 writers": f"{PEN_COPIES} drawings of each, and {VARIED_COPIES} as if by another hand",
            "digits of a synthetic writer": f"{WRITTEN} of each of {len(FORMS)} forms that schools teach",
            "drawings that are no digits": f"{NONDIGITS} of each kind, {LETTERS} letters and signs",
        },
        "validation": {
            "MNIST training set, every tenth writer": len(checks.validation),
            "pen writers " + ", ".join(map(str, sorted(pen.HELD_OUT_WRITERS))): len(checks.pen_labels),
            "drawings that are no digits": f"{CHECKED_NONDIGITS} of each kind",
        },
        "sha256": mnist.HASHES | mnist.WRITER_HASHES | {pen.PATH: pen.SHA256},
    }


def _announce(recipe: Recipe, lesson: TrainingSet, models: int) -> str:
    """What comes next, and how long it will take."""
    hours = recipe.epochs * math.ceil(len(lesson.images) / recipe.batch_size) * measure_step(recipe) / 3600
    all_of_them = f", and {models * hours:.1f} for all {models} models" if models > 1 else ""
    return (
        f"{len(lesson.images):,} training images, {recipe.epochs} epochs: about {hours:.1f} hours on this "
        f"machine{all_of_them}. Each takes some 10 minutes more for the network that reads pen paths, and the one "
        "that is kept some 20 for comparison with others. If it is interrupted, it resumes from its last epoch when it "
        "is started again."
    )


def _progress(epoch: int, here: int, epochs: int, loss: float, start: float) -> str:
    left = (time.perf_counter() - start) / here * (epochs - epoch) / 60
    return f"Epoch {epoch} of {epochs}: loss {loss:.4f}, about {left:.0f} minutes left."
