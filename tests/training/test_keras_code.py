import math
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from digitrec import load_dataset
from digitrec.evaluation.metrics import cross_entropy
from digitrec.training import keras_code, validation
from digitrec.training.augmentation import Augmentation
from digitrec.training.keras_code import as_code
from digitrec.training.published import PUBLISHED, SHIPPED
from digitrec.training.recipe import Recipe, change
from digitrec.training.splits import split_for
from digitrec.training.worker.fitting import Trainer, learning_rate_at
from digitrec.training.worker.minibatches import ComposedNumbers, TrainingSet, to_targets

TINY = Recipe(network="cnn-tiny", source="uci", epochs=1, batch_size=50, seed=3)


def run_code(recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(as_code(recipe), "program", "exec"), names)  # noqa: S102  the program is what is tested
    assert "Trainable params" in capsys.readouterr().out
    return names


@pytest.mark.parametrize(
    "recipe",
    [
        TINY,
        change(TINY, augmentation=Augmentation(), optimiser="sgd", learning_rate=0.01),
        change(TINY, network="dense-128", schedule="one-cycle", scaling="standardised", warmup=0.3, images=700),
        change(TINY, network="digitrec-fast", optimiser="adamw", weight_decay=0.01, ema_momentum=0.9, images=500),
        change(PUBLISHED["digitrec-fast"], source="uci", images=900, epochs=1),
        change(TINY, network="dense-128", scaling="unit-norm", validation=0, reduce_lr_patience=1, patience=1),
        change(TINY, network="digitrec", images=300),
    ],
    ids=["plain", "augmented", "one-cycle", "averaged", "fast", "callbacks", "shared out"],
)
def test_the_program_has_the_loss_of_the_training(recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    names = run_code(recipe, capsys)
    parts = split_for(recipe, load_dataset(recipe.source))
    np.testing.assert_array_equal(names["x"], parts.train.images)
    np.testing.assert_array_equal(names["y_val"], parts.validation.labels)
    trainer = Trainer(recipe, TrainingSet(parts.train.images, to_targets(parts.train.labels)))
    steps = list(trainer.train_epoch(0))
    images = [step.images for step in steps]
    history = names["history"].history
    loss_name = "categorical_crossentropy" if recipe.label_smoothing else "loss"
    assert history[loss_name][0] == pytest.approx(np.average([step.loss for step in steps], weights=images), rel=1e-4)
    right = np.average([step.accuracy for step in steps], weights=images)
    assert history["accuracy"][0] == pytest.approx(right, abs=1.5 / sum(images))
    if not recipe.ema_momentum:  # Keras averages once the training has ended
        loss = cross_entropy(trainer.read(parts.validation.images), parts.validation.labels)
        assert history[f"val_{loss_name}"][0] == pytest.approx(loss, rel=1e-3)
    else:
        with trainer.averaged_weights():
            read = trainer.read(parts.test.images)
        own = names["model"].predict(parts.test.images[..., None].astype(np.float32), verbose=0)
        np.testing.assert_allclose(own, read, atol=1e-3)


def test_the_program_that_reads_numbers_has_the_loss_of_the_training(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (keras_code, validation):
        monkeypatch.setattr(module, "NUMBERS", 60)
    published = PUBLISHED["digitrec-numbers"]
    recipe = change(published, source="uci", by_writer=False, images=130, batch_size=50, epochs=1, ema_momentum=0)
    names = run_code(recipe, capsys)
    parts = split_for(recipe, load_dataset("uci"))
    trainer = Trainer(recipe, ComposedNumbers(parts.train))
    steps = list(trainer.train_epoch(0))
    expected = np.average([step.loss for step in steps], weights=[step.images for step in steps])
    history = names["history"].history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-3)
    numbers = validation.validation_for(recipe, parts.validation)
    assert history["val_loss"][0] == pytest.approx(numbers.evaluate(trainer.read(numbers.images))[0], rel=1e-3)


@pytest.mark.parametrize(
    ("schedule", "settling", "settling_rate"),
    [("one-cycle", 0, 0.0), ("one-cycle", 1, 0.0), ("a cycle an epoch", 1, 0.01)],
)
def test_the_programs_second_epoch_has_new_dice_and_the_recipes_rate(
    schedule: str, settling: int, settling_rate: float, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = change(
        TINY,
        network="dense-128",
        epochs=2,
        images=400,
        augmentation=Augmentation(),
        schedule=schedule,
        clean_epochs=settling,
        clean_learning_rate=settling_rate,
    )
    losses = run_code(recipe, capsys)["history"].history["loss"]
    parts = split_for(recipe, load_dataset(recipe.source))
    trainer = Trainer(recipe, TrainingSet(parts.train.images, to_targets(parts.train.labels)))
    for epoch in range(2):
        steps = list(trainer.train_epoch(epoch))
        expected = np.average([step.loss for step in steps], weights=[step.images for step in steps])
        assert losses[epoch] == pytest.approx(expected, rel=1e-3)


THREE = change(TINY, epochs=3, clean_learning_rate=0.01)


@pytest.mark.parametrize(
    "recipe",
    [
        change(PUBLISHED["digitrec-numbers"], epochs=3, clean_epochs=2, clean_learning_rate=0.01),
        change(THREE, schedule="one-cycle", clean_epochs=1),
        change(THREE, schedule="one-cycle", clean_epochs=3),
        change(THREE, schedule="a cycle an epoch"),
        change(THREE, schedule="a cycle an epoch", clean_epochs=1),
        change(THREE, schedule="a cycle an epoch", clean_epochs=5),
        change(THREE, schedule="constant", clean_epochs=1),
    ],
    ids=lambda recipe: f"{recipe.network} {recipe.schedule} {recipe.clean_epochs}",
)
def test_a_program_settles_at_the_recipes_rate(recipe: Recipe) -> None:
    code = as_code(recipe).splitlines()
    names: dict[str, Any] = {"math": math, "keras": keras, "EPOCHS": 3, "RATE": recipe.learning_rate}
    names |= {"batches": range(10), "model": SimpleNamespace(optimizer=SimpleNamespace())}
    begin = next(i for i, line in enumerate(code) if line.startswith("batches =")) + 1
    end = next(i for i, line in enumerate(code) if line.startswith("optimizer ="))
    exec("\n".join(code[begin:end]).replace("batches.epoch", "epoch"), names)  # noqa: S102
    for names["epoch"] in range(3):
        for step in range(10):
            names["set_rate"](step, None)
            expected = learning_rate_at(recipe, names["epoch"], step, 10)
            assert names["model"].optimizer.learning_rate == pytest.approx(expected, rel=1e-5)


def test_programs_import_from_the_package_whose_names_stay() -> None:
    program = as_code(change(SHIPPED, augmentation=Augmentation())) + as_code(PUBLISHED["digitrec-numbers"])
    modules = re.findall(r"^from (digitrec\S*) import", program, re.MULTILINE)
    assert set(modules) == {"digitrec", "digitrec.training"}


def test_the_package_that_programs_import_from_loads_no_tensorflow() -> None:
    names = "Augmentation, Recipe, augment, compose_strips, encode, image_writers, split_for"
    code = f"from digitrec.training import {names}\nimport sys\nprint({{'tensorflow', 'keras'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("set()\n", 0), ran.stderr


@pytest.mark.parametrize("recipe", [SHIPPED, Recipe(), *PUBLISHED.values()], ids=lambda recipe: recipe.network)
def test_every_published_recipe_is_a_program(recipe: Recipe) -> None:
    compile(as_code(recipe), recipe.network, "exec")


@pytest.mark.parametrize(
    "rate",
    [1e-8, 0.003, 1e6, pytest.param(0.0012345678)],
)
def test_a_learning_rate_is_the_same_number_in_the_program(rate: float) -> None:
    names: dict[str, Any] = {}
    code = as_code(change(TINY, learning_rate=rate))
    exec(next(line for line in code.splitlines() if line.startswith("SEED")), names)  # noqa: S102
    assert names["RATE"] == rate


def test_a_program_in_bfloat16_ends_in_float32(capsys: pytest.CaptureFixture[str]) -> None:
    before = keras.config.dtype_policy()
    try:
        model = run_code(change(TINY, precision="bfloat16"), capsys)["model"]
    finally:
        keras.config.set_dtype_policy(before)
    types = [layer.compute_dtype for layer in model.layers]
    assert types[-1] == "float32"
    assert "bfloat16" in types
