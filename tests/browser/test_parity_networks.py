"""Every network of the catalogue answers in the browser as it does in Keras, whatever its weights."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from digitrec.ink.pen_paths import FEATURES, POINTS
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.weights import pack_weights
from digitrec.training.scaling import SCALINGS
from digitrec.training.shipped.path_network import build_path_network
from digitrec.training.worker.network import build_keras
from digitrec.training.worker.plain_layers import to_plain
from tests.browser.reader import ReaderPage, open_reader

pytestmark = pytest.mark.browser

SAME = 1e-3
INPUTS = 4
CASES = [(name, "unit") for name in ARCHITECTURES] + [("dense-128", one) for one in SCALINGS if one != "unit"]


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[ReaderPage]:
    with open_reader(browser) as page:
        yield page


def unsettle(model: keras.Model, rng: np.random.Generator) -> None:
    """Change all weights, so that no bias is 0 and no normalisation does nothing."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, one.shape) for one in layer.get_weights()])
        elif layer.trainable_weights:
            layer.set_weights([one + rng.normal(0, 0.02, one.shape) for one in layer.get_weights()])


def answers(reader: ReaderPage, model: keras.Model, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network answers to these inputs in the browser."""
    reader.hand_over("weights", pack_weights(to_plain(model), "float32"))
    reader.hand_over("inputs", inputs.tobytes())
    found = reader.run(
        """const network = readNetwork(await bytes("weights"), { input, output })
        const inputs = new Float32Array(await bytes("inputs"))
        const size = inputs.length / n
        return Array.from({ length: n }, (_, i) =>
          Array.from(runNetwork(network, inputs.subarray(i * size, (i + 1) * size)).pop().values))""",
        n=len(inputs),
        input=list(inputs.shape[1:]),
        output=[1] * (4 - len(model.output_shape)) + list(model.output_shape[1:]),
    )
    return np.array(found, np.float32).reshape(len(inputs), *model.output_shape[1:])


@pytest.mark.parametrize(("name", "scaling"), CASES, ids=["-".join(case) for case in CASES])
def test_a_network_of_the_catalogue(reader: ReaderPage, name: str, scaling: str) -> None:
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    model = build_keras(name, scaling, 33.3, 78.6)
    unsettle(model, rng)
    shape = (INPUTS, 28, ARCHITECTURES[name].width, 1)
    images = (rng.integers(0, 256, shape) * (rng.random(shape) < 0.3)).astype(np.float32)
    images[:, :, 5] = 0  # a blank column has no length
    expected = model.predict(images, verbose=0)
    assert np.ptp(expected) > 0.01, "answers that are all alike would show nothing"
    np.testing.assert_allclose(answers(reader, model, images), expected, atol=SAME)


def test_the_network_for_pen_paths(reader: ReaderPage) -> None:
    keras.utils.set_random_seed(2)
    rng = np.random.default_rng(2)
    model = build_path_network()
    unsettle(model, rng)
    paths = rng.normal(0, 1, (INPUTS, POINTS, FEATURES, 1)).astype(np.float32)
    np.testing.assert_allclose(answers(reader, model, paths), model.predict(paths, verbose=0), atol=SAME)


def test_strides_and_padding_are_those_of_keras(reader: ReaderPage) -> None:
    """The catalogue has no strides; models from elsewhere may."""
    keras.utils.set_random_seed(3)
    kinds = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            kinds.Conv2D(4, (4, 3), strides=(2, 3), padding="same", activation="relu"),
            kinds.BatchNormalization(),
            kinds.Conv2D(5, (2, 3), strides=2, padding="valid", use_bias=False),
            kinds.Activation("relu"),
            kinds.MaxPooling2D((2, 1)),
            kinds.Dropout(0.5),
            kinds.Flatten(),
            kinds.Dense(10),
            kinds.Softmax(),
        ]
    )
    unsettle(model, np.random.default_rng(3))
    images = np.random.default_rng(4).uniform(0, 1, (INPUTS, 28, 28, 1)).astype(np.float32)
    np.testing.assert_allclose(answers(reader, model, images), model.predict(images, verbose=0), atol=SAME)
