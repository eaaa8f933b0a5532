from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from digitrec.datasets import Split
from digitrec.evaluation.calibration import fit_temperature
from digitrec.evaluation.metrics import cross_entropy
from digitrec.networks.architectures import ARCHITECTURES, END_WITH_NONE
from digitrec.networks.measuring.test_sets import Drawn, HeldOutSets
from digitrec.storage import read_arrays, replace_arrays
from digitrec.training.published import SHIPPED as SHIPPED_RECIPE
from digitrec.training.recipe import change
from digitrec.training.shipped import making
from digitrec.training.shipped.making import choose_examples, find_checkpoint, soften
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import TrainingSet, to_targets

# Small, with dropout and averaging, whose state has to be kept, too.
RECIPE = change(
    SHIPPED_RECIPE,
    network="cnn-tiny",
    batch_size=50,
    epochs=2,
    clean_epochs=0,
    ema_momentum=0.9,
    augmentation=None,
    precision="float32",
)
Told = list[tuple[int, int, float]]


def bars(n: int, seed: int, wrong: float = 0.0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures of noise with a bar at a place that tells their label, and labels of which a share is wrong."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    images = rng.integers(0, 120, (n, 28, 28))
    for image, label in zip(images, labels, strict=True):
        image[4:24, 4 + 2 * label : 6 + 2 * label] = 200
    told = np.where(rng.random(n) < wrong, rng.integers(0, 10, n), labels)
    return images.astype(np.uint8), told.astype(np.uint8)


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    images, labels = bars(600, 0)
    return TrainingSet(images, to_targets(labels))


def note(told: Told) -> Callable[[int, int, float], None]:
    return lambda epoch, here, loss: told.append((epoch, here, loss))


@pytest.fixture(scope="module")
def unbroken(training_set: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trainer, Told]:
    told: Told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITREC_RUNS", str(tmp_path_factory.mktemp("unbroken")))
        return making._train(RECIPE, training_set, note(told))[0], told


def same(one: Trainer, other: Trainer) -> None:
    mine: dict[str, NDArray[Any]] = dict(one.to_arrays())
    theirs: dict[str, NDArray[Any]] = dict(other.to_arrays())
    assert list(mine) == list(theirs)
    for name, array in mine.items():
        np.testing.assert_allclose(array, theirs[name], rtol=1e-3, atol=1e-5, err_msg=name)


def test_every_epoch_is_told_with_its_loss(unbroken: tuple[Trainer, Told]) -> None:
    _, told = unbroken
    assert [(epoch, here) for epoch, here, _ in told] == [(1, 1), (2, 2)]
    assert told[1][2] < told[0][2] < 3


def test_a_training_broken_off_goes_on_from_its_last_epoch(
    training_set: TrainingSet, unbroken: tuple[Trainer, Told], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path))

    def break_off(epoch: int, here: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        making._train(RECIPE, training_set, break_off)
    (checkpoint,) = tmp_path.iterdir()
    assert checkpoint == find_checkpoint(RECIPE, training_set)
    kept = read_arrays(checkpoint)
    assert 0 < float(np.asarray(kept["seconds"])) < 300
    replace_arrays(checkpoint, **kept | {"seconds": np.array(5000.0)})
    told: Told = []
    resumed, seconds = making._train(RECIPE, training_set, note(told))
    assert 5000 < seconds < 5300
    whole, (_, second) = unbroken
    ((epoch, here, loss),) = told
    assert (epoch, here) == (2, 1)
    assert loss == pytest.approx(second[2], rel=1e-3)
    same(resumed, whole)
    with resumed.averaged_weights(), whole.averaged_weights():
        np.testing.assert_allclose(
            resumed.read(training_set.images[:50]), whole.read(training_set.images[:50]), atol=1e-3
        )

    again: Told = []
    done, seconds_again = making._train(RECIPE, training_set, note(again))
    same(done, whole)
    assert again == []
    assert seconds_again == pytest.approx(seconds, abs=60)


def test_a_damaged_checkpoint_is_no_matter(
    training_set: TrainingSet, unbroken: tuple[Trainer, Told], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path))
    find_checkpoint(RECIPE, training_set).write_bytes(b"PK\x03\x04 half of it")
    told: Told = []
    making._train(RECIPE, training_set, note(told))
    assert [(epoch, here) for epoch, here, _ in told] == [(1, 1), (2, 2)]
    assert told[1][2] == pytest.approx(unbroken[1][1][2], rel=1e-2)


def test_a_checkpoint_is_that_of_one_recipe_and_one_training_set(training_set: TrainingSet) -> None:
    images, targets = training_set.images.copy(), training_set.targets.copy()
    images[-1, 0, 0] ^= 1
    targets[-1] = 0.1
    places = {
        find_checkpoint(RECIPE, training_set),
        find_checkpoint(change(RECIPE, seed=1), training_set),
        find_checkpoint(change(RECIPE, epochs=3), training_set),
        find_checkpoint(RECIPE, TrainingSet(images, training_set.targets)),
        find_checkpoint(RECIPE, TrainingSet(training_set.images, targets)),
    }
    assert len(places) == 5
    assert find_checkpoint(RECIPE, TrainingSet(training_set.images.copy(), training_set.targets.copy())) in places


def make_held_out_sets(validation: Split, pen: Split) -> HeldOutSets:
    """HeldOutSets of which only these parts are looked at."""
    nothing, no_paths = np.empty((0, 28, 28), np.uint8), np.empty((0, 64, 5), np.float32)
    none = Split(nothing, np.empty(0, np.uint8))
    return HeldOutSets(
        scans=none,
        validation=validation,
        pen=Drawn(pen.images, no_paths),
        pen_labels=pen.labels,
        naive=nothing,
        styles=np.array([], str),
        widths={},
        rotated={},
        forms=none,
        form_names=np.array([], str),
        nondigits={},
    )


def _with_half_wrong(split: Split) -> Split:
    """Nobody should look at the second half."""
    labels = split.labels.copy()
    labels[1::2] = (labels[1::2] + 5) % 10
    return Split(split.images, labels)


@pytest.mark.parametrize("wrong", [0.0, 0.8])
def test_softening_divides_the_logits_by_the_temperature_that_suits_the_first_half(
    unbroken: tuple[Trainer, Told], training_set: TrainingSet, wrong: float
) -> None:
    trainer = Trainer(RECIPE, training_set)
    trainer.from_arrays(unbroken[0].to_arrays())
    validation, pen = Split(*bars(301, 1, wrong)), Split(*bars(150, 2, wrong))
    images = np.concatenate([validation.images[0::2], pen.images[0::2]])
    labels = np.concatenate([validation.labels[0::2], pen.labels[0::2]])
    before = trainer.read(images)
    temperature = soften(trainer, make_held_out_sets(_with_half_wrong(validation), _with_half_wrong(pen)))
    assert temperature == pytest.approx(fit_temperature(before, labels), rel=1e-6)
    assert (temperature > 1.1) if wrong else (temperature < 0.9)
    after = trainer.read(images)
    expected = softmax(np.log(np.maximum(before.astype(float), 1e-30)) / temperature, axis=1)
    np.testing.assert_allclose(after, expected, atol=1e-4)
    assert cross_entropy(after, labels) < cross_entropy(before, labels) - 0.001
    assert fit_temperature(after, labels) == pytest.approx(1, abs=0.02)


def test_softening_a_network_that_shares_out_what_is_no_digit_divides_before_it_does(
    training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = ARCHITECTURES["cnn-tiny"]
    monkeypatch.setitem(ARCHITECTURES, "cnn-tiny", replace(tiny, layers=(*tiny.layers[:-1], *END_WITH_NONE)))
    trainer = Trainer(change(RECIPE, learning_rate=0.01), training_set)
    for epoch in range(2):
        assert len(list(trainer.train_epoch(epoch))) == 12
    dense = trainer.model.layers[-2]
    validation, pen = Split(*bars(301, 1, 0.5)), Split(*bars(150, 2, 0.5))
    images = np.concatenate([validation.images[0::2], pen.images[0::2]])
    labels = np.concatenate([validation.labels[0::2], pen.labels[0::2]])
    losses, before = {}, dense.get_weights()
    for heat in (0.8, 1.0, 1.25):  # of the best temperature: neither more nor less is better
        dense.set_weights(before)
        temperature = soften(trainer, make_held_out_sets(_with_half_wrong(validation), _with_half_wrong(pen)))
        dense.set_weights([weights / heat for weights in dense.get_weights()])
        losses[heat] = cross_entropy(trainer.read(images), labels)
    assert temperature != pytest.approx(1, abs=0.05)
    assert min(losses, key=losses.__getitem__) == 1.0
    np.testing.assert_allclose(dense.get_weights()[0] * temperature * heat, before[0], rtol=1e-4)


def test_examples_are_images_of_the_lesson_each_once_and_the_same_for_the_same_seed(
    training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "EXAMPLES", 100)
    chosen = choose_examples(training_set, 3)
    known = {image.tobytes() for image in training_set.images}
    assert chosen.shape == (100, 28, 28)
    assert len({image.tobytes() for image in chosen} & known) == 100
    np.testing.assert_array_equal(chosen, choose_examples(training_set, 3))
    assert (chosen != choose_examples(training_set, 4)).any()
    assert len(choose_examples(TrainingSet(training_set.images[:7], training_set.targets[:7]), 3)) == 7
