import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from digitrec import checks, exam
from digitrec.architectures import ARCHITECTURES, count_parameters
from digitrec.augmentation import Augmentation
from digitrec.classifier import Classifier, load_classifier
from digitrec.datasets import Dataset, Split
from digitrec.datasets.pen import HELD_OUT_WRITERS, PenDigit, split_by_writer
from digitrec.drawings import render
from digitrec.errors import RunError
from digitrec.evaluation import cross_entropy
from digitrec.figures import PEN, SCANS, SECOND_HALF, VALIDATION
from digitrec.nondigits import TAUGHT
from digitrec.preprocessing import preprocess
from digitrec.recipe import PUBLISHED, SCHEDULES, Recipe
from digitrec.recipe import SHIPPED as SHIPPED_RECIPE
from digitrec.registry import PATH_FILES, SHIPPED, Card, read_card
from digitrec.scaling import SCALINGS, scale
from digitrec.schools import FORMS
from digitrec.splits import split_mnist, take
from digitrec.training import lessons, rivals, shipped
from digitrec.training.batches import DigitBatches, Lesson, to_targets
from digitrec.training.fitting import Student, learning_rate_at
from digitrec.training.network import build, first_filters
from digitrec.training.saving import FILES, save_files

SMALL = replace(SHIPPED_RECIPE, epochs=4, batch=32, averaging=0.9, seed=3, precision="float32")


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return model.predict(images[..., None].astype(np.float32), batch_size=500, verbose=0)


@pytest.fixture(scope="module")
def lesson(mnist: Dataset) -> Lesson:
    images, labels = mnist.train.images[:3000], mnist.train.labels[:3000]
    return Lesson(images, to_targets(labels))


def learn(student: Student, epochs: range) -> list[float]:
    return [float(np.mean([step.loss for step in student.learn(epoch)])) for epoch in epochs]


@pytest.fixture(scope="module")
def trained(lesson: Lesson) -> tuple[keras.Model, list[float]]:
    student = Student(SMALL, lesson)
    losses = learn(student, range(4))
    averaged = student.at_its_best()
    averaged.__enter__()  # for as long as the module is tested
    return student.model, losses


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
    save_files(model, build(SMALL.network), tmp_path)
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
    trained: tuple[keras.Model, list[float]], lesson: Lesson, mnist: Dataset, classifier: Classifier, tmp_path: Path
) -> None:
    model, _ = trained
    save_files(model, build(SMALL.network), tmp_path / "exact")
    save_files(model, build(SMALL.network), tmp_path / "rounded", lesson.images[:300])
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
    model, width = build(name), ARCHITECTURES[name].width
    assert model.count_params() == count_parameters(ARCHITECTURES[name].layers)
    assert first_filters(model).ndim == 3
    answer = predict(model, np.random.default_rng(0).integers(0, 256, (3, 28, width), dtype=np.uint8))
    assert answer.shape == ((3, 10) if width == 28 else (3, 64, 11))
    np.testing.assert_allclose(answer.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("how", SCALINGS)
def test_networks_scale_as_the_page_shows(how: str, mnist: Dataset) -> None:
    images = mnist.train.images[:20]
    model = build("dense-128", how, 33.3, 78.6)
    scaled = keras.Sequential(model.layers[:-4] or [keras.layers.Identity()])(images[..., None].astype(np.float32))
    np.testing.assert_allclose(np.asarray(scaled)[..., 0], scale(images, how, 33.3, 78.6), atol=1e-5)


def test_batches_are_the_same_for_the_same_seed_and_new_in_each_epoch(lesson: Lesson) -> None:
    one, same = DigitBatches(lesson, SMALL), DigitBatches(lesson, SMALL)
    order = one.order(0)
    for mine, theirs in zip(one.make(order, 0, 5), same.make(same.order(0), 0, 5), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.abs(one.make(order, 1, 5)[0] - same.make(order, 0, 5)[0]).max() > 0
    assert (one.order(1) != order).any()


def test_an_epoch_shows_every_image_once(lesson: Lesson) -> None:
    batches = DigitBatches(lesson, replace(SMALL, augmentation=None))
    shown = [images for images, _ in batches.from_step(0, 0)]
    assert len(shown) == len(batches) == 94
    assert np.concatenate(shown).sum() == pytest.approx(lesson.images.sum(dtype=np.float64), rel=1e-6)
    rest = [images for images, _ in batches.from_step(0, 90)]
    np.testing.assert_array_equal(np.concatenate(rest), np.concatenate(shown[90:]))


@pytest.mark.parametrize("settling", [0, 1, 2])
def test_the_last_epochs_show_images_as_they_are(settling: int, lesson: Lesson) -> None:
    recipe = replace(SMALL, augmentation=Augmentation(), epochs=3, settling=settling)
    batches = DigitBatches(lesson, recipe)
    for epoch in range(3):
        order = batches.order(epoch)
        images = np.concatenate([images for images, _ in batches.from_step(epoch, 0)])[..., 0]
        are_same = np.array_equal(images, lesson.images[order])
        assert are_same == (epoch >= 3 - settling)


@pytest.mark.parametrize("changes", [{}, {"optimiser": "sgd"}, {"optimiser": "adam", "schedule": "constant"}])
def test_a_student_that_is_kept_and_taken_up_again_learns_as_if_it_had_not_been(
    lesson: Lesson, changes: dict[str, Any]
) -> None:
    recipe = replace(SMALL, network="cnn-tiny", epochs=2, **changes)  # small, and it has dropout
    few = Lesson(lesson.images[:600], lesson.targets[:600])
    whole = Student(recipe, few)
    steps = [step.loss for epoch in range(2) for step in whole.learn(epoch)]
    first = Student(recipe, few)
    begun = [step.loss for _, step in zip(range(7), first.learn(0), strict=False)]
    second = Student(replace(recipe, seed=99), few)  # its own weights and dice must not matter
    second.from_arrays(first.to_arrays())
    second.recipe, second.batches = recipe, first.batches
    rest = [step.loss for step in second.learn(0, 7)] + [step.loss for step in second.learn(1)]
    np.testing.assert_allclose(begun + rest, steps, rtol=1e-4)


def test_the_schedule_is_keras_own() -> None:
    recipe = replace(PUBLISHED["digitrec-fast"], schedule="one-cycle", epochs=5)
    warmup = round(500 * recipe.warmup)
    keras_own = keras.optimizers.schedules.CosineDecay(
        0.0, 500 - warmup, warmup_target=recipe.learning_rate, warmup_steps=warmup
    )
    expected = [float(keras_own(step)) for step in range(500)]
    ours = [learning_rate_at(recipe, epoch, step, 100) for epoch in range(5) for step in range(100)]
    np.testing.assert_allclose(ours, expected, atol=1e-8)
    cycles = replace(recipe, schedule="a cycle an epoch")
    third = [learning_rate_at(cycles, 2, step, 500) for step in range(500)]
    np.testing.assert_allclose(third, np.divide(expected, 3), atol=1e-8)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_settling_has_a_rate_of_its_own(schedule: str) -> None:
    goes_on = Recipe(schedule=schedule, epochs=7, settling=2)
    settles = replace(goes_on, settling_rate=0.01)
    falling = keras.optimizers.schedules.CosineDecay(0.01, 20)
    rates = [learning_rate_at(settles, epoch, step, 10) for epoch in (5, 6) for step in range(10)]
    np.testing.assert_allclose(rates, [float(falling(step)) for step in range(20)], atol=1e-8)
    shorter = replace(goes_on, epochs=5, settling=0)
    for epoch in range(5):
        for step in range(10):
            assert learning_rate_at(settles, epoch, step, 10) == learning_rate_at(shorter, epoch, step, 10)


def test_more_settling_than_epochs_is_all_settling() -> None:
    recipe = Recipe(epochs=2, settling=5, settling_rate=0.01)
    assert learning_rate_at(recipe, 0, 0, 10) == 0.01
    assert learning_rate_at(recipe, 1, 9, 10) < 0.001


def test_the_loss_is_keras_own() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 50).astype(np.float32)
    labels = rng.integers(0, 10, 50).astype(np.uint8)
    own = float(np.mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities)))
    assert cross_entropy(probabilities, labels) == pytest.approx(own, rel=1e-5)


def test_nobody_is_both_learned_from_and_validated_with(mnist: Dataset, pen_digits: tuple[PenDigit, ...]) -> None:
    training, validation = split_mnist(mnist.train)
    assert training.writers is not None
    assert validation.writers is not None
    assert not set(training.writers) & set(validation.writers)
    assert len(training) + len(validation) == 60_000
    train, held_out = split_by_writer(pen_digits)
    assert {digit.writer for digit in held_out} == HELD_OUT_WRITERS
    assert not {digit.writer for digit in train} & HELD_OUT_WRITERS


def test_a_model_is_made_measured_and_put_in_place_of_the_old(
    mnist: Dataset, pen_digits: tuple[PenDigit, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(rivals, "NAMES", ("digitrec-fast",))
    monkeypatch.setattr(shipped, "PATH_EPOCHS", 1)
    for name, few in FEW.items():
        monkeypatch.setattr(lessons, name, few)
    monkeypatch.setattr(checks, "NONDIGITS", 10)
    monkeypatch.setattr(checks, "WRITTEN", 10)
    for module in (lessons, checks):
        monkeypatch.setattr(module, "load_pen_digits", lambda: pen_digits[::12])
        monkeypatch.setattr(module, "split_mnist", _split_few)
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("old")
    told: list[str] = []
    card = shipped.make_model(folder, replace(SHIPPED_RECIPE, epochs=1, batch=64, averaging=0.9), told.append, seeds=2)

    assert read_card(folder) == card
    assert json.loads((folder / "card.json").read_text())["recipe"]["epochs"] == 1
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "card.json"}
    assert set(files) == {*FILES, *PATH_FILES, exam.FILE}
    assert card.files == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["rivals"]  # and no checkpoint
    assert list((tmp_path / "runs" / "rivals").iterdir()) == [tmp_path / "runs" / "rivals" / "digitrec-fast"]

    classifier = load_classifier(folder)
    assert classifier.reads_paths
    assert classifier.is_rounded
    assert {figure.kind for figure in card.measured} == {"read", "doubted", "refused", "digit", "school", "width"}
    assert (card.refusal is not None, card.speed is not None, len(card.calibration)) == (True, True, 3)
    assert card.path is not None
    assert card.path.powers != (1.0, 1.0)
    assert 0.05 < card.temperature < 20

    _check_seeds(card, told)
    _check_rivals(card, folder, tmp_path / "runs" / "rivals" / "digitrec-fast")
    assert any("hours on this machine" in line for line in told)
    assert any("Epoch 1 of 1" in line for line in told)
    assert any("For comparison: digitrec-fast" in line for line in told)
    assert sum(line.startswith(SCANS) for line in told) >= 2

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("what was taught before on this machine is taught again")

    monkeypatch.setattr("digitrec.training.rivals.subprocess.run", refuse)
    assert rivals._teach("digitrec-fast") == tmp_path / "runs" / "rivals" / "digitrec-fast"


def _check_seeds(card: Card, told: list[str]) -> None:
    """That the best of them on the validation scans was kept."""
    seed = SHIPPED_RECIPE.seed
    assert [one.seed for one in card.seeds] == [seed, seed + 1]
    assert {one.n for of in card.seeds for one in of.measured if one.what == VALIDATION} == {VALIDATED}
    figures = {
        one.seed: {figure.what: figure for figure in one.measured if figure.kind == "read"} for one in card.seeds
    }
    wrong = {seed: {what: one.n - round(one.n * one.share) for what, one in of.items()} for seed, of in figures.items()}
    n = figures[seed][PEN].n - figures[seed][ALONE].n
    best = min(
        wrong, key=lambda seed: wrong[seed][VALIDATION] / VALIDATED + (wrong[seed][PEN] - wrong[seed][ALONE]) / n
    )
    assert card.recipe["seed"] == best
    assert figures[best][SCANS] == next(figure for figure in card.measured if figure.what == SCANS)
    assert figures[seed][SCANS] != figures[seed + 1][SCANS]
    assert {figure.kind for one in card.seeds for figure in one.measured} == {"read", "doubted", "refused"}
    assert any("model 2 of 2" in line for line in told)


def _check_rivals(card: Card, folder: Path, rival_folder: Path) -> None:
    """That each is told with what it reads in the drawings and in MNIST."""
    drawings = exam.read_exam(folder)
    assert drawings is not None
    images = [preprocess(render(drawing)).image for drawing in drawings.drawings]
    assert [rival.name for rival in card.rivals] == ["digitrec", "digitrec-fast"]
    for rival, place in zip(card.rivals, (folder, rival_folder), strict=True):
        reader = load_classifier(place)
        answers = reader.predict_proba(np.stack([image for image in images if image is not None]))
        assert rival.answers == tuple(answers.argmax(axis=1))
        assert len(rival.careless_answers) == exam.SIZE
        assert rival.parameters == count_parameters(ARCHITECTURES[rival.name].layers) == reader.card.parameters
        assert rival.bytes == (place / "model.tflite").stat().st_size
        assert (rival.scans.n, rival.prepared.n) == (10_000, rival.careless.n)
    fast = card.rivals[1]
    assert fast.scans.share > 0.97
    assert fast.careless.share < fast.prepared.share
    assert (np.array(fast.careless_answers) == drawings.labels).mean() < (
        np.array(fast.answers) == drawings.labels
    ).mean()


def test_a_rival_that_cannot_be_taught_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path))
    with pytest.raises(RunError, match="Expected no-such to be trained"):
        rivals._teach("no-such")
    assert list((tmp_path / "rivals").iterdir()) == []


VALIDATED = 201  # scans, of 6,012
ALONE = PEN + SECOND_HALF + ", ink alone"
FEW = {
    "SCAN_COPIES": 1,
    "PEN_COPIES": 1,
    "VARIED_COPIES": 1,
    "WRITTEN": 4,
    "NONDIGITS": 20,
    "LETTERS": 30,
    "PATH_NONDIGITS": 5,
    "PATH_LETTERS": 10,
    "PATH_WRITTEN": 2,
}


def _split_few(train: Split) -> tuple[Split, Split]:
    training, validation = split_mnist(train)
    return take(training, np.arange(0, len(training), 60)), take(validation, np.arange(0, len(validation), 30))


def test_a_lesson_is_digits_by_many_hands_and_what_is_none(
    mnist: Dataset, pen_digits: tuple[PenDigit, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out = {id(digit) for digit in split_by_writer(pen_digits)[1]}
    few = tuple(
        digit
        if id(digit) not in held_out
        else replace(digit, strokes=tuple(np.full_like(stroke, np.nan) for stroke in digit.strokes))
        for digit in pen_digits[::60]
    )
    assert any(id(digit) in held_out for digit in pen_digits[::60])
    n = sum(digit.writer not in HELD_OUT_WRITERS for digit in few)
    monkeypatch.setattr(lessons, "load_pen_digits", lambda: few)
    monkeypatch.setattr(lessons, "split_mnist", _split_few)
    for name, count in (FEW | {"NONDIGITS": 3, "LETTERS": 5, "WRITTEN": 1, "PEN_COPIES": 2}).items():
        monkeypatch.setattr(lessons, name, count)
    scans, _ = _split_few(mnist.train)
    lesson, same = lessons.make_lesson(5), lessons.make_lesson(5)
    np.testing.assert_array_equal(lesson.images, same.images)
    digits = len(scans) + 3 * n + len(FORMS)
    kinds = len(TAUGHT) + 4  # and what is made of digits
    assert lesson.images.shape == (digits + 3 * (kinds - 1) + 5, 28, 28)
    np.testing.assert_array_equal(lesson.images[: len(scans)], scans.images)
    np.testing.assert_array_equal(lesson.targets[:digits].max(axis=1), 1)
    np.testing.assert_array_equal(lesson.targets[digits:], np.float32(0.1))
    np.testing.assert_allclose(lesson.targets.sum(axis=1), 1, atol=1e-6)
    assert lesson.targets[digits - len(FORMS) : digits].argmax(axis=1).tolist() == [form.label for form in FORMS]
    right = load_classifier().predict_proba(lesson.images[len(scans) : digits]).argmax(axis=1)
    assert (right == lesson.targets[len(scans) : digits].argmax(axis=1)).mean() > 0.9
    strokes = lessons.make_path_lesson(5)
    assert len(strokes.strokes) == len(strokes.targets) == n + 2 * len(FORMS) + 5 * (kinds - 1) + 10
    assert all(np.isfinite(np.concatenate(one)).all() for one in strokes.strokes)
    assert (strokes.targets.max(axis=1) == 1).sum() == n + 2 * len(FORMS)
