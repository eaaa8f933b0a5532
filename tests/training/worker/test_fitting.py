from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from digitrec.datasets import Dataset
from digitrec.evaluation.metrics import cross_entropy
from digitrec.networks.architectures import ARCHITECTURES, count_parameters
from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.training.augmentation import Augmentation
from digitrec.training.published import PUBLISHED
from digitrec.training.published import SHIPPED as SHIPPED_RECIPE
from digitrec.training.recipe import Recipe, change, choices
from digitrec.training.scaling import SCALINGS, scale
from digitrec.training.worker.fitting import Trainer, learning_rate_at
from digitrec.training.worker.minibatches import DigitBatches, TrainingSet, to_targets
from digitrec.training.worker.network import build_keras, first_filters
from digitrec.training.worker.saving import save_files

SMALL = change(SHIPPED_RECIPE, epochs=4, clean_epochs=0, batch_size=32, ema_momentum=0.9, seed=3, precision="float32")


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return model.predict(images[..., None].astype(np.float32), batch_size=500, verbose=0)


@pytest.fixture(scope="module")
def lesson(mnist: Dataset) -> TrainingSet:
    images, labels = mnist.train.images[:2000], mnist.train.labels[:2000]
    return TrainingSet(images, to_targets(labels))


def learn(trainer: Trainer, epochs: range) -> list[float]:
    return [float(np.mean([step.loss for step in trainer.train_epoch(epoch)])) for epoch in epochs]


@pytest.fixture(scope="module")
def trained(lesson: TrainingSet) -> tuple[keras.Model, list[float]]:
    trainer = Trainer(SMALL, lesson)
    losses = learn(trainer, range(4))
    averaged = trainer.averaged_weights()
    averaged.__enter__()  # for as long as the module is tested
    return trainer.model, losses


@pytest.mark.full_data
def test_a_small_training_learns(trained: tuple[keras.Model, list[float]], mnist: Dataset) -> None:
    model, losses = trained
    assert len(losses) == 4
    assert losses[-1] < losses[0] / 2
    right = (predict(model, mnist.test.images[:1000]).argmax(axis=1) == mnist.test.labels[:1000]).mean()
    assert right > 0.75  # its running statistics follow slowly


def test_what_is_exported_reads_as_keras_does(
    trained: tuple[keras.Model, list[float]], mnist: Dataset, classifier: Classifier, tmp_path: Path
) -> None:
    model, _ = trained
    save_files(model, build_keras(SMALL.network), tmp_path)
    images = mnist.test.images[:300]
    ours = Classifier((tmp_path / "model.tflite").read_bytes(), classifier.card).predict_proba(images)
    np.testing.assert_allclose(ours, predict(model, images), atol=1e-4)
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(predict(again, images), predict(model, images), atol=1e-5)


def test_the_shipped_files_read_alike(mnist: Dataset) -> None:
    folder = SHIPPED / "digitrec"
    model = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    images = mnist.test.images[:2000]
    rounded, exact = load_classifier(folder).predict_proba(images), predict(model, images)
    np.testing.assert_array_equal(rounded.argmax(axis=1), exact.argmax(axis=1))
    assert np.abs(rounded - exact).mean() < 2e-4
    assert model.count_params() == read_card(folder).parameters


def test_rounding_a_network_to_8_bits_changes_its_answers_little(
    trained: tuple[keras.Model, list[float]],
    lesson: TrainingSet,
    mnist: Dataset,
    classifier: Classifier,
    tmp_path: Path,
) -> None:
    model, _ = trained
    save_files(model, build_keras(SMALL.network), tmp_path / "exact")
    save_files(model, build_keras(SMALL.network), tmp_path / "rounded", lesson.images[:300])
    contents = [(tmp_path / form / "model.tflite").read_bytes() for form in ("exact", "rounded")]
    assert len(contents[1]) < len(contents[0]) / 2
    exact, rounded = (Classifier(content, classifier.card) for content in contents)
    assert (exact.is_rounded, rounded.is_rounded) == (False, True)
    assert rounded.count_parameters() == exact.count_parameters()
    images = mnist.test.images[:500]
    apart = np.abs(exact.predict_proba(images) - rounded.predict_proba(images))
    assert 0 < apart.mean() < 2e-3
    for one, other in zip(exact.activations(images[0]), rounded.activations(images[0]), strict=True):
        assert one.layer == other.layer
        assert other.values.dtype == np.float32
        assert np.abs(one.values - other.values).mean() < 0.05 * np.abs(one.values).mean()
    wide, narrow = exact.features(images), rounded.features(images)
    assert np.abs(wide - narrow).mean() < 0.05 * np.abs(wide).mean()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_builds_and_ends_in_its_probabilities(name: str) -> None:
    model, width = build_keras(name), ARCHITECTURES[name].width
    assert model.count_params() == count_parameters(ARCHITECTURES[name].layers)
    assert first_filters(model).ndim == 3
    answer = predict(model, np.random.default_rng(0).integers(0, 256, (3, 28, width), dtype=np.uint8))
    assert answer.shape == ((3, 10) if width == 28 else (3, 64, 11))
    np.testing.assert_allclose(answer.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("how", SCALINGS)
def test_networks_scale_as_the_page_shows(how: str, mnist: Dataset) -> None:
    images = mnist.train.images[:20]
    model = build_keras("dense-128", how, 33.3, 78.6)
    scaled = keras.Sequential(model.layers[:-4] or [keras.layers.Identity()])(images[..., None].astype(np.float32))
    np.testing.assert_allclose(np.asarray(scaled)[..., 0], scale(images, how, 33.3, 78.6), atol=1e-5)


def test_batches_are_the_same_for_the_same_seed_and_new_in_each_epoch(lesson: TrainingSet) -> None:
    one, same = DigitBatches(lesson, SMALL), DigitBatches(lesson, SMALL)
    order = one.order(0)
    for mine, theirs in zip(one.make(order, 0, 5), same.make(same.order(0), 0, 5), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.abs(one.make(order, 1, 5)[0] - same.make(order, 0, 5)[0]).max() > 0
    assert (one.order(1) != order).any()


def test_an_epoch_shows_every_image_once(lesson: TrainingSet) -> None:
    batches = DigitBatches(lesson, change(SMALL, augmentation=None))
    shown = [images for images, _ in batches.from_step(0, 0)]
    assert len(shown) == len(batches) == -(-len(lesson.images) // SMALL.batch_size)
    assert np.concatenate(shown).sum() == pytest.approx(lesson.images.sum(dtype=np.float64), rel=1e-6)
    rest = [images for images, _ in batches.from_step(0, 20)]
    np.testing.assert_array_equal(np.concatenate(rest), np.concatenate(shown[20:]))


@pytest.mark.parametrize("clean", [0, 1, 2])
def test_the_last_epochs_show_images_as_they_are(clean: int, lesson: TrainingSet) -> None:
    recipe = change(SMALL, augmentation=Augmentation(), epochs=3, clean_epochs=clean)
    batches = DigitBatches(lesson, recipe)
    for epoch in range(3):
        order = batches.order(epoch)
        images = np.concatenate([images for images, _ in batches.from_step(epoch, 0)])[..., 0]
        are_same = np.array_equal(images, lesson.images[order])
        assert are_same == (epoch >= 3 - clean)


@pytest.mark.parametrize("changes", [{}, {"optimiser": "sgd"}, {"optimiser": "adam", "schedule": "constant"}])
def test_a_student_that_is_kept_and_taken_up_again_learns_as_if_it_had_not_been(
    lesson: TrainingSet, changes: dict[str, Any]
) -> None:
    recipe = change(SMALL, network="cnn-tiny", epochs=2, **changes)  # small, and it has dropout
    few = TrainingSet(lesson.images[:600], lesson.targets[:600])
    whole = Trainer(recipe, few)
    steps = [step.loss for epoch in range(2) for step in whole.train_epoch(epoch)]
    first = Trainer(recipe, few)
    begun = [step.loss for _, step in zip(range(7), first.train_epoch(0), strict=False)]
    second = Trainer(change(recipe, seed=99), few)  # its own weights and dice must not matter
    second.from_arrays(first.to_arrays())
    second.recipe, second.batches = recipe, first.batches
    rest = [step.loss for step in second.train_epoch(0, 7)] + [step.loss for step in second.train_epoch(1)]
    np.testing.assert_allclose(begun + rest, steps, rtol=1e-4)


def test_the_schedule_is_keras_own() -> None:
    recipe = change(PUBLISHED["digitrec-fast"], schedule="one-cycle", epochs=5)
    warmup = round(500 * recipe.warmup)
    keras_own = keras.optimizers.schedules.CosineDecay(
        0.0, 500 - warmup, warmup_target=recipe.learning_rate, warmup_steps=warmup
    )
    expected = [float(keras_own(step)) for step in range(500)]
    ours = [learning_rate_at(recipe, epoch, step, 100) for epoch in range(5) for step in range(100)]
    np.testing.assert_allclose(ours, expected, atol=1e-8)
    cycles = change(recipe, schedule="a cycle an epoch")
    third = [learning_rate_at(cycles, 2, step, 500) for step in range(500)]
    np.testing.assert_allclose(third, np.divide(expected, 3), atol=1e-8)


@pytest.mark.parametrize("schedule", choices(Recipe.model_fields["schedule"]))
def test_clean_epochs_have_a_rate_of_their_own(schedule: str) -> None:
    goes_on = Recipe(schedule=schedule, epochs=7, clean_epochs=2)
    settles = change(goes_on, clean_learning_rate=0.01)
    falling = keras.optimizers.schedules.CosineDecay(0.01, 20)
    rates = [learning_rate_at(settles, epoch, step, 10) for epoch in (5, 6) for step in range(10)]
    np.testing.assert_allclose(rates, [float(falling(step)) for step in range(20)], atol=1e-8)
    shorter = change(goes_on, epochs=5, clean_epochs=0)
    for epoch in range(5):
        for step in range(10):
            assert learning_rate_at(settles, epoch, step, 10) == learning_rate_at(shorter, epoch, step, 10)


def test_more_clean_epochs_than_epochs_are_all_clean() -> None:
    recipe = Recipe(epochs=2, clean_epochs=5, clean_learning_rate=0.01)
    assert learning_rate_at(recipe, 0, 0, 10) == 0.01
    assert learning_rate_at(recipe, 1, 9, 10) < 0.001


def test_the_loss_is_keras_own() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 50).astype(np.float32)
    labels = rng.integers(0, 10, 50).astype(np.uint8)
    own = float(np.mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities)))
    assert cross_entropy(probabilities, labels) == pytest.approx(own, rel=1e-5)
