import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from digitrec.networks.card import SHIPPED
from digitrec.networks.weights import WEIGHTS, pack_weights, unpack_weights
from digitrec.training.worker.network import build_keras
from digitrec.training.worker.plain_layers import NotCoveredError, save_weights, to_plain, write_folder

kinds = keras.layers


def test_the_shipped_file_is_the_shipped_network() -> None:
    folder = SHIPPED / "digitrec"
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    assert pack_weights(to_plain(model)) == (folder / WEIGHTS).read_bytes()


def test_normalisation_becomes_part_of_the_convolution_and_dropout_is_gone() -> None:
    network = to_plain(build_keras("digitrec"))
    assert [layer["kind"] for layer in network.layers] == [
        "scale", "conv", "conv", "pool", "conv", "conv", "pool", "conv", "conv", "reshape", "dense", "softmax", "share",
    ]  # fmt: skip
    assert {layer["activation"] for layer in network.layers if layer["kind"] == "conv"} == {"relu"}
    assert [layer["name"] for layer in network.layers if layer["kind"] == "pool"] == ["Pooling 1", "Pooling 2"]


def test_normalisation_after_a_pooling_stays_a_layer() -> None:
    network = to_plain(build_keras("digitrec-fast"))
    assert [layer["kind"] for layer in network.layers].count("normalise") == 1


def a_network(*layers: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((28, 28, 1)), *layers, kinds.Flatten(), kinds.Dense(10, "softmax")])


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (kinds.Conv2D(2, 3, activation="tanh", name="one"), "the layer 'one', a Conv2D"),
        (kinds.Conv2D(2, 3, dilation_rate=2), "Conv2D"),
        (kinds.DepthwiseConv2D(3), "DepthwiseConv2D"),
        (kinds.MaxPooling2D(3, strides=1), "MaxPooling2D"),
        (kinds.MaxPooling2D(3, padding="same"), "MaxPooling2D"),
        (kinds.AveragePooling2D(2), "AveragePooling2D"),
        (kinds.ReLU(max_value=6), "ReLU"),
        (kinds.ReLU(), "ReLU"),
        (kinds.BatchNormalization(axis=1), "BatchNormalization"),
        (kinds.Rescaling([[[2.0]]]), "Rescaling"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_layers_that_a_browser_cannot_run_are_named(layer: keras.Layer, said: str, tmp_path: Path) -> None:
    model = a_network(layer)
    with pytest.raises(NotCoveredError, match=said):
        to_plain(model)
    assert said in save_weights(model, tmp_path / WEIGHTS)
    assert not list(tmp_path.iterdir())


def test_a_network_with_branches_is_not_covered() -> None:
    image = keras.Input((28, 28, 1))
    branches = kinds.Add()([kinds.Conv2D(2, 3)(image), kinds.Conv2D(2, 3)(image)])
    with pytest.raises(NotCoveredError, match="not a sequence of layers"):
        to_plain(keras.Model(image, kinds.Dense(10)(kinds.Flatten()(branches))))


def test_normalisation_without_factor_or_offset() -> None:
    model = a_network(kinds.Conv2D(2, 3), kinds.BatchNormalization(scale=False), kinds.BatchNormalization(center=False))
    for layer in model.layers[1:3]:
        layer.set_weights([np.float32([0.5, 2]) for _ in layer.get_weights()])
    convolution, *_ = to_plain(model).layers
    network = to_plain(model)
    first, second = (
        1 / np.sqrt(np.float32([0.5, 2]) + 1e-3),
        np.float32([0.5, 2]) / np.sqrt(np.float32([0.5, 2]) + 1e-3),
    )
    kernel = model.layers[0].get_weights()[0]
    np.testing.assert_allclose(network.tensors[convolution["kernel"]], kernel * first * second, rtol=1e-5)


def test_each_keras_file_of_a_folder_gets_its_weights(tmp_path: Path) -> None:
    build_keras("cnn-tiny").save(tmp_path / "model.keras")
    (tmp_path / "path.keras").write_bytes(b"no model")
    left_out = write_folder(tmp_path)
    assert list(left_out) == ["path.safetensors"]
    assert "does not load safely" in left_out["path.safetensors"]
    assert unpack_weights((tmp_path / WEIGHTS).read_bytes()).input == (28, 28, 1)


def test_the_program_says_what_is_left_out(tmp_path: Path) -> None:
    a_network(kinds.DepthwiseConv2D(3)).save(tmp_path / "model.keras")
    command = [sys.executable, "-m", "digitrec.training.worker.plain_layers", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert "DepthwiseConv2D" in json.loads(ran.stdout.splitlines()[-1])[WEIGHTS]
    assert not (tmp_path / WEIGHTS).exists()
