"""Make the shipped model: train it, calibrate it, choose its thresholds, measure it once, and write its folder.

training set -> Trainer -> temperature -> model.*         strokes -> path.*
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
from digitrec.networks.measuring.measurements import PEN, SECOND_HALF, VALIDATION, WITHOUT_PATH, measure_model
from digitrec.networks.measuring.test_sets import NONDIGITS as HELD_OUT_NONDIGITS
from digitrec.networks.measuring.test_sets import HeldOutSets, half, make_held_out_sets
from digitrec.networks.registry import PATH_FILES, SHIPPED_NAME
from digitrec.storage import fingerprint, keep_arrays, kept_arrays, replace_folder
from digitrec.training.recipe import Recipe, change, to_json
from digitrec.training.run_folders.runs import runs_folder
from digitrec.training.shipped.path_network import build_path_network, train_paths
from digitrec.training.shipped.rivals import measure_rivals
from digitrec.training.shipped.training_sets import (
    LETTERS,
    NONDIGITS,
    PEN_COPIES,
    SCAN_COPIES,
    VARIED_COPIES,
    WRITTEN,
    make_path_training_set,
    make_training_set,
)
from digitrec.training.worker.export import export_litert
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import TrainingSet
from digitrec.training.worker.network import build_keras
from digitrec.training.worker.plain_layers import save_weights
from digitrec.training.worker.saving import describe_environment, save_files
from digitrec.training.worker.step_time import measure_step

EXAMPLES = 1000
SEEDS = 3  # models that are made; the best is kept
PATH_EPOCHS = 60
COMPARED = ("accuracy", "unsure", "rejected")  # kinds of figures that the card has for each seed
OF_RUNS = (
    "source",
    "images",
    "validation",
    "by_writer",
    "split_seed",
    "patience",
    "reduce_lr_patience",
)  # settings that do not apply here
WEAKNESSES = (
    "It was trained on the handwriting of American census staff and students (MNIST) and of 24 people in Turkey.",
    "It knows writing styles of other regions, such as a slashed 0, only from a synthetic writer.",
    "It is less accurate on digits that are rotated clockwise than on upright ones.",
    "It reads letters that look like a digit, such as O, S or l, as that digit.",
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
    held_out, drawings = (
        make_held_out_sets(recipe.seed),
        reference_drawings.make_reference_drawings(split_by_writer(load_pen_digits())[1]),
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    step_seconds = measure_step(recipe)
    cards: dict[Path, Card] = {}
    checkpoints = []
    with tempfile.TemporaryDirectory(dir=folder.parent) as workshop:
        for seed in range(recipe.seed, recipe.seed + seeds):
            tell(f"Seed {seed}, model {len(cards) + 1} of {seeds}. Making the training set, which takes minutes …")
            training_set, seeded = make_training_set(seed), change(recipe, seed=seed)
            draft = Path(workshop) / str(seed)
            draft.mkdir()
            reference_drawings.write_reference_drawings(draft, drawings)
            tell(_announce(seeded, training_set, step_seconds, seeds - len(cards)))
            cards[draft] = _make_one(draft, seeded, training_set, held_out, tell)
            checkpoints.append(find_checkpoint(seeded, training_set))
        draft = max(cards, key=lambda draft: selection_accuracy(cards[draft]))
        siblings = tuple(
            Sibling(seed=int(draft.name), measured=tuple(one for one in card.measured if one.kind in COMPARED))
            for draft, card in cards.items()
        )
        rivals = measure_rivals(draft, held_out, drawings, tell)
        card = cards[draft].model_copy(update={"rivals": rivals, "seeds": siblings})
        write_card(draft, card)
        replace_folder(draft, folder)
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)
    for figure in card.measured:
        tell(f"{figure.what}: {figure.value:.2%} of {figure.n:,} ({figure.low:.2%} to {figure.high:.2%})")
    return card


def selection_accuracy(card: Card) -> float:
    """The accuracy that a model is chosen by: the mean of those on validation scans and first half of pen digits."""
    accuracy = {one.what: one for one in card.measured if one.kind == "accuracy"}
    both, second = accuracy[PEN], accuracy[PEN + SECOND_HALF + WITHOUT_PATH]
    first = (both.n * both.value - second.n * second.value) / (both.n - second.n)
    return (accuracy[VALIDATION].value + first) / 2


def _make_one(
    folder: Path, recipe: Recipe, training_set: TrainingSet, held_out: HeldOutSets, tell: Callable[[str], None]
) -> Card:
    """Train both networks, write them to `folder`, beside the reference drawings, and measure them."""
    begun = time.perf_counter()
    trainer, seconds = _train(
        recipe, training_set, lambda epoch, here, loss: tell(_progress(epoch, here, recipe.epochs, loss, begun))
    )
    with trainer.averaged_weights():
        temperature = soften(trainer, held_out)
        files = save_files(
            trainer.model, build_keras(recipe.network), folder, choose_examples(training_set, recipe.seed)
        )
    files[reference_drawings.FILE] = hashlib.sha256((folder / reference_drawings.FILE).read_bytes()).hexdigest()
    card = Card(
        name=SHIPPED_NAME,
        network=recipe.network,
        parameters=count_parameters(ARCHITECTURES[recipe.network].layers),
        unsure_below=0.5,
        measured=(),
        weaknesses=WEAKNESSES,
        recipe={name: value for name, value in json.loads(to_json(recipe)).items() if name not in OF_RUNS},
        data=_describe_data(training_set, held_out),
        environment=describe_environment() | {"seconds": round(seconds)},
        temperature=round(temperature, 4),
        date=time.strftime("%Y-%m-%d"),
        files=files,
    )
    tell(f"Training the network that reads pen paths: {PATH_EPOCHS} epochs.")
    return measure_model(folder, add_path_network(folder, card, recipe.seed, PATH_EPOCHS), held_out)


def add_path_network(folder: Path, card: Card, seed: int, epochs: int) -> Card:
    """Give a shipped model its path network: train it and write it into `folder`; returns the card with it."""
    model = train_paths(make_path_training_set(seed), epochs, seed, lambda _: None)
    fresh = build_path_network()
    fresh.set_weights(model.get_weights())  # without the state of the optimiser
    fresh.save(folder / PATH_FILES[0])
    export_litert(fresh, folder / PATH_FILES[1])
    save_weights(fresh, folder / PATH_FILES[2])
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in PATH_FILES}
    path = PathCard(parameters=fresh.count_params(), powers=(1.0, 1.0), unsure_below=0.5)
    return card.model_copy(update={"files": card.files | files, "path": path})


def soften(trainer: Trainer, held_out: HeldOutSets) -> float:
    """Divide the logits by the temperature fitted on the first half of the held-out sets, and return it."""
    images = np.concatenate([held_out.validation.images[0::2], half(held_out.pen, 0).images])
    labels = np.concatenate([held_out.validation.labels[0::2], held_out.pen_labels[0::2]])
    last = next(one for one in trainer.model.layers if getattr(one, "activation", None) is keras.activations.softmax)
    upto = keras.Model(trainer.model.inputs[0], last.output)
    before = upto.predict(images[..., None].astype(np.float32), batch_size=500, verbose=0)
    temperature = fit_temperature(before, labels, SHARES[: before.shape[1]])
    last.set_weights([weights / temperature for weights in last.get_weights()])
    return temperature


def choose_examples(training_set: TrainingSet, seed: int) -> NDArray[np.uint8]:
    """For making a shipped model: training images, (n, 28, 28) uint8, that show the range of each layer's values."""
    return training_set.images[np.random.default_rng(seed).permutation(len(training_set.images))[:EXAMPLES]]


def _train(
    recipe: Recipe, training_set: TrainingSet, on_epoch: Callable[[int, int, float], None]
) -> tuple[Trainer, float]:
    """Train from initial weights, or from the checkpoint of this recipe; also returns the seconds in total.

    `on_epoch` is called with the completed epoch, from 1, how many this process has trained, and the loss.
    """
    trainer, checkpoint = Trainer(recipe, training_set), find_checkpoint(recipe, training_set)
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


def find_checkpoint(recipe: Recipe, training_set: TrainingSet) -> Path:
    """The checkpoint of a training by this recipe on this training set; deleted once the model is measured."""
    written = np.frombuffer(to_json(recipe).encode(), np.uint8)
    return runs_folder() / f"shipped-{fingerprint(written, training_set.images, training_set.targets)}.npz"


def _describe_data(training_set: TrainingSet, held_out: HeldOutSets) -> dict[str, Any]:
    return {
        "training images": len(training_set.images),
        "of which": {
            "MNIST training set, nine in ten writers": f"{SCAN_COPIES} × {60_000 - len(held_out.validation):,}",
            "pen digits of 24 writers": f"{PEN_COPIES} drawings of each, and {VARIED_COPIES} with varied strokes",
            "digits of a synthetic writer": f"{WRITTEN:,} of each of {len(FORMS)} writing styles",
            "non-digits": f"{NONDIGITS:,} of each kind, {LETTERS:,} letters and signs",
        },
        "validation": {
            "MNIST training set, every tenth writer": len(held_out.validation),
            "pen writers " + ", ".join(map(str, sorted(pen.HELD_OUT_WRITERS))): len(held_out.pen_labels),
            "non-digits": f"{HELD_OUT_NONDIGITS} of each kind",
        },
        "sha256": mnist.HASHES | mnist.WRITER_HASHES | {pen.PATH: pen.SHA256},
    }


def _announce(recipe: Recipe, training_set: TrainingSet, step_seconds: float, models: int) -> str:
    """The size of the training and an estimate of its duration."""
    hours = recipe.epochs * math.ceil(len(training_set.images) / recipe.batch_size) * step_seconds / 3600
    all_of_them = f", and {models * hours:.1f} for all {models} models" if models > 1 else ""
    return (
        f"{len(training_set.images):,} training images, {recipe.epochs} epochs: about {hours:.1f} hours on this "
        f"machine{all_of_them}. Each takes some 10 minutes more for the network that reads pen paths, and the one "
        "that is kept some 20 for comparison with others. If it is interrupted, it resumes from its last epoch when it "
        "is started again."
    )


def _progress(epoch: int, here: int, epochs: int, loss: float, start: float) -> str:
    left = (time.perf_counter() - start) / here * (epochs - epoch) / 60
    return f"Epoch {epoch} of {epochs}: loss {loss:.4f}, about {left:.0f} minutes left."
