from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from digitrec.datasets import Dataset
from digitrec.datasets.synthetic.nondigits import LYING
from digitrec.networks.architectures import (
    ARCHITECTURES,
    END_WITH_NONE,
    SHARES,
    Architecture,
    Convolution,
    Dense,
    Flatten,
    MaxPooling,
    Normalisation,
)
from digitrec.training.recipe import Recipe
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import TrainingSet, to_targets
from digitrec.training.worker.network import FastNormalisation, build_keras


@pytest.fixture(autouse=True)
def _same_policy() -> Iterator[None]:
    """No test leaves another precision to the next."""
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


Pair = tuple[keras.layers.BatchNormalization, keras.layers.BatchNormalization]


def make_pair(channels: int, seed: int, **settings: str) -> Pair:
    """The quick layer and Keras's own, with the same numbers in both."""
    rng = np.random.default_rng(seed)
    layers = [
        kind(momentum=0.8, epsilon=1e-3, **settings) for kind in (FastNormalisation, keras.layers.BatchNormalization)
    ]
    numbers = [rng.uniform(0.5, 2, channels) for _ in range(4)]
    for layer in layers:
        layer.build((None, 4, 4, channels))
        layer.set_weights(numbers)
    return layers[0], layers[1]


def make_pictures(n: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(3, 2, (n, 4, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 7])
def test_quick_normalisation_trains_as_keras_own(n: int) -> None:
    pictures = make_pictures(n, 1)
    quick, keras_own = make_pair(5, 2)
    np.testing.assert_allclose(
        np.asarray(quick(pictures, training=True)), np.asarray(keras_own(pictures, training=True)), atol=2e-5
    )


@pytest.mark.parametrize("n", [1, 7])
def test_running_statistics_are_those_of_a_sample(n: int) -> None:
    pictures = make_pictures(n, 3)
    quick, keras_own = make_pair(5, 4)
    _, _, mean, variance = quick.get_weights()
    for layer in (quick, keras_own):
        layer(pictures, training=True)
    count = n * 16
    flat = pictures.reshape(-1, 5).astype(float)
    np.testing.assert_allclose(quick.get_weights()[2], 0.8 * mean + 0.2 * flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(quick.get_weights()[3], 0.8 * variance + 0.2 * flat.var(axis=0, ddof=1), rtol=1e-5)
    np.testing.assert_allclose(quick.get_weights()[2], keras_own.get_weights()[2], rtol=1e-5)
    learned = [layer.get_weights()[3] - 0.8 * variance for layer in (quick, keras_own)]
    np.testing.assert_allclose(learned[0], learned[1] * count / (count - 1), rtol=1e-4)


def test_quick_normalisation_is_learned_through_as_keras_own() -> None:
    pictures, wish = tf.constant(make_pictures(6, 5)), make_pictures(6, 6)
    slopes = []
    for layer in make_pair(5, 7):
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            loss = tf.reduce_sum(layer(pictures, training=True) * wish)
        slopes.append(tape.gradient(loss, [pictures, layer.gamma.value, layer.beta.value]))
    for quick, keras_own in zip(*slopes, strict=True):
        np.testing.assert_allclose(quick, keras_own, rtol=1e-3, atol=1e-3)


def test_without_training_it_is_keras_own_and_learns_nothing() -> None:
    pictures = make_pictures(3, 8)
    quick, keras_own = make_pair(5, 9)
    before = quick.get_weights()
    for settings in ({}, {"training": False}):
        np.testing.assert_array_equal(np.asarray(quick(pictures, **settings)), np.asarray(keras_own(pictures)))
    for one, other in zip(quick.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_in_bfloat16_it_is_nearly_the_same_and_keeps_its_statistics_exactly() -> None:
    pictures = make_pictures(8, 10)
    quick, _ = make_pair(5, 11, dtype="mixed_bfloat16")
    _, keras_own = make_pair(5, 11)
    answer = quick(pictures, training=True)
    assert answer.dtype == tf.bfloat16
    np.testing.assert_allclose(
        np.asarray(tf.cast(answer, tf.float32)), np.asarray(keras_own(pictures, training=True)), atol=0.1
    )
    assert {variable.dtype for variable in quick.variables} == {"float32"}
    np.testing.assert_allclose(quick.get_weights()[2], keras_own.get_weights()[2], rtol=0.01)
    np.testing.assert_allclose(quick.get_weights()[3], keras_own.get_weights()[3], rtol=0.03)


@pytest.mark.parametrize("policy", ["float32", "float64"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_policy_is_what_it_was_after_building(policy: str, precision: str) -> None:
    keras.config.set_dtype_policy(policy)
    build_keras("cnn-tiny", precision=precision)  # type: ignore[arg-type]
    assert keras.config.dtype_policy().name == policy


def test_the_policy_is_what_it_was_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "broken", Architecture((object(),), ""))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        build_keras("broken", precision="bfloat16")
    assert keras.config.dtype_policy().name == "float32"


def test_layers_calculate_in_the_precision_that_was_asked_for_and_keep_exact_numbers() -> None:
    for precision, normalisation in (("float32", keras.layers.BatchNormalization), ("bfloat16", FastNormalisation)):
        model = build_keras("digitrec", precision=precision)  # type: ignore[arg-type]
        *hidden, dense, sharing = (layer for layer in model.layers if layer.weights)
        assert {layer.compute_dtype for layer in hidden} == {precision}
        assert (dense.compute_dtype, sharing.compute_dtype) == ("float32", "float32")
        assert {variable.dtype for variable in model.weights} == {"float32"}
        assert {type(layer) for layer in hidden} == {keras.layers.Conv2D, normalisation}


def test_probabilities_in_bfloat16_are_float32_and_finer_than_its_steps(mnist: Dataset) -> None:
    model = build_keras("digitrec", precision="bfloat16")
    answers = model(mnist.test.images[:20, ..., None].astype(np.float32))
    assert answers.dtype == tf.float32
    np.testing.assert_allclose(np.asarray(answers).sum(axis=1), 1, atol=1e-6)
    coarse = tf.cast(tf.cast(answers, tf.bfloat16), tf.float32)
    assert np.asarray(answers != coarse).mean() > 0.9


def test_what_is_no_digit_is_shared_out_among_the_ten(mnist: Dataset) -> None:
    model = build_keras("digitrec")
    softmax = model.layers[-2]
    weights, biases = softmax.get_weights()
    softmax.set_weights([weights * 3, biases + np.linspace(-1, 1, 11, dtype=np.float32)])
    images = mnist.test.images[:20, ..., None].astype(np.float32)
    eleven = np.asarray(keras.Model(model.inputs[0], softmax.output)(images))
    assert eleven.shape == (20, 11)
    np.testing.assert_allclose(np.asarray(model(images)), eleven[:, :10] + eleven[:, 10:] / 10, atol=1e-6)
    assert not model.layers[-1].trainable_variables


def test_what_is_no_digit_is_learned_apart_from_which_digit_it_is(
    mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = ARCHITECTURES["digitrec-fast"]
    monkeypatch.setitem(ARCHITECTURES, "fast", replace(fast, layers=(*fast.layers[:-1], *END_WITH_NONE)))
    images, labels = mnist.train.images[:3000], mnist.train.labels[:3000]
    upright, lying = np.arange(len(images)) % 3 < 2, np.arange(len(images)) % 3 == 2
    others = images[lying].transpose(0, 2, 1)[:, ::-1]  # on their side
    targets = np.concatenate([to_targets(labels[upright]), np.full((len(others), 10), 0.1, np.float32)])
    trainer = Trainer(
        Recipe(network="fast", batch_size=50, epochs=4, learning_rate=3e-3),
        TrainingSet(np.concatenate([images[upright], others]), targets),
    )
    for epoch in range(4):
        assert sum(step.images for step in trainer.train_epoch(epoch)) == len(images)
    np.testing.assert_array_equal(trainer.model.layers[-1].get_weights()[0], np.float32(SHARES))
    none = keras.Model(trainer.model.inputs[0], trainer.model.layers[-2].output)
    upright = mnist.test.images[:200, ..., None].astype(np.float32)
    lying = upright[np.isin(mnist.test.labels[:200], LYING)].transpose(0, 2, 1, 3)[:, ::-1]
    assert np.asarray(none(upright))[:, 10].mean() < 0.2
    assert np.asarray(none(lying))[:, 10].mean() > 0.8


TINY = Architecture(
    (
        Convolution(8, 3, "same", "later"),
        Normalisation(0.8),
        MaxPooling(4),
        Flatten(),
        Dense(10, "softmax"),
    ),
    "Learns in seconds.",
)


def test_what_was_learned_in_bfloat16_is_carried_over_and_answers_alike(
    mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", TINY)
    images, labels = mnist.train.images[:2000], mnist.train.labels[:2000]
    recipe = Recipe(network="tiny", batch_size=50, epochs=2, learning_rate=5e-3, precision="bfloat16")
    trainer = Trainer(recipe, TrainingSet(images, to_targets(labels)))
    losses = [float(np.mean([step.loss for step in trainer.train_epoch(epoch)])) for epoch in range(2)]
    assert losses[1] < losses[0] / 1.5
    exact = build_keras("tiny")
    exact.set_weights(trainer.model.get_weights())
    test = mnist.test.images[:200]
    quick, answers = trainer.read(test), np.asarray(exact(test[..., None].astype(np.float32)))
    assert (answers.argmax(axis=1) == mnist.test.labels[:200]).mean() > 0.75
    assert 0 < np.abs(quick - answers).max() < 0.06
    assert np.abs(quick - answers).mean() < 0.003


@pytest.mark.parametrize("name", ["digitrec-fast", "dense-128"])
def test_networks_of_the_catalogue_learn_in_bfloat16(name: str) -> None:
    rng = np.random.default_rng(0)
    lesson = TrainingSet(rng.integers(0, 256, (8, 28, 28), dtype=np.uint8), to_targets(np.arange(8, dtype=np.uint8)))
    trainer = Trainer(Recipe(network=name, batch_size=8, precision="bfloat16"), lesson)
    assert [np.isfinite(step.loss) for step in trainer.train_epoch(0)] == [True]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_no_network_rounds_its_probabilities_to_bfloat16(name: str) -> None:
    assert build_keras(name, precision="bfloat16").layers[-1].compute_dtype == "float32"
