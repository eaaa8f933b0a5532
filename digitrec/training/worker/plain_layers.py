"""A Keras model as plain layers and numbers, which a browser can run; see `digitrec.networks.weights`.

model.keras -> `to_plain` -> `PlainNetwork` -> model.safetensors

Batch normalisation becomes part of the convolution or dense layer before it, and dropout is gone: neither does
anything of its own once a network is trained. `python -m digitrec.training.worker.plain_layers FOLDER` writes the
.safetensors file of each .keras file in FOLDER, and prints one line of JSON: which could not be written, and why.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers as kinds
from numpy.typing import NDArray

from digitrec.networks.architectures import SHARES
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS, PlainNetwork, pack_weights
from digitrec.storage import replace_file

SPECKS = ("below", "specks", "scale", "above")  # the layers that scale columns in `network.build`
NAMES = {
    "scale": "Scaling",
    "unit-norm": "Scaling",
    "conv": "Convolution",
    "normalise": "Normalisation",
    "pool": "Pooling",
    "reshape": "Reshape",
    "dense": "Dense",
    "softmax": "Softmax",
    "share": "Sharing",
}
SKIPPED = (kinds.InputLayer, kinds.Dropout)


class NotCoveredError(Exception):
    """A layer that has no plain form."""


def to_plain(model: keras.Model) -> PlainNetwork:
    """Describe a Keras model as plain layers.

    Raises
    ------
    NotCoveredError, with what it was, if a layer has no plain form.
    """
    if not isinstance(model, keras.Sequential):
        raise NotCoveredError("a network that is not a sequence of layers")
    writer = _Writer()
    layers = list(model.layers)
    if tuple(layer.name for layer in layers[: len(SPECKS)]) == SPECKS:
        length = np.abs(layers[1].offset).max()
        writer.add("unit-norm", layers[3], speck=float(length))
        layers = layers[len(SPECKS) :]
    for layer in layers:
        if not isinstance(layer, SKIPPED):
            writer.take(layer)
    return PlainNetwork(_block(model.input_shape[1:]), tuple(writer.layers), writer.tensors)


class _Writer:
    """Collects plain layers and their tensors."""

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self.tensors: dict[str, NDArray[Any]] = {}

    def take(self, layer: keras.Layer) -> None:
        """Add a layer of Keras."""
        match layer:
            case kinds.Conv2D() | kinds.Conv1D():
                self._add_convolution(layer)
            case kinds.Dense():
                self._add_dense(layer)
            case kinds.BatchNormalization():
                self._normalise(layer)
            case kinds.ReLU() | kinds.Activation():
                self._activate(layer)
            case kinds.MaxPooling2D() | kinds.MaxPooling1D():
                _expect(layer, padding="valid", strides=layer.pool_size, data_format="channels_last")
                self.add("pool", layer, size=_flat(layer.pool_size))
            case kinds.Flatten() | kinds.Reshape():
                _expect(layer, data_format="channels_last")
                self.add("reshape", layer)
            case kinds.Rescaling() if np.ndim(layer.scale) == np.ndim(layer.offset) == 0:
                self.add("scale", layer, factor=float(layer.scale), offset=float(layer.offset))
            case kinds.Softmax() if layer.axis == -1:
                self.add("softmax", layer)
            case _:
                raise _not_covered(layer)

    def add(self, kind: str, layer: keras.Layer, **settings: Any) -> None:
        """Add a plain layer with the output shape of that layer of Keras; arrays among the settings become tensors."""
        number = 1 + sum(NAMES[one["kind"]] == NAMES[kind] for one in self.layers)
        name = f"{NAMES[kind]} {number}"
        for setting, value in settings.items():
            if isinstance(value, np.ndarray):
                self.tensors[f"{name}, {setting}"] = value
                settings[setting] = f"{name}, {setting}"
        self.layers.append({"kind": kind, "name": name, "shape": _block(layer.output.shape[1:]), **settings})

    def _add_convolution(self, layer: Any) -> None:
        _expect(layer, groups=1, data_format="channels_last", dilation_rate=(1,) * layer.rank)
        if layer.padding not in ("same", "valid"):
            raise _not_covered(layer)
        kernel, bias = _weights(layer)
        if kernel.ndim == 3:  # along a line: an image that is one pixel high
            kernel = kernel[None]
        settings = {"strides": _flat(layer.strides), "padding": layer.padding}
        self._add_active("conv", layer, kernel=kernel, bias=bias, **settings)

    def _add_dense(self, layer: Any) -> None:
        kernel, bias = _weights(layer)
        if not layer.use_bias and np.array_equal(kernel, np.float32(SHARES)) and _activation(layer) == "linear":
            self.add("share", layer)
        else:
            self._add_active("dense", layer, kernel=kernel, bias=bias)

    def _add_active(self, kind: str, layer: Any, **settings: Any) -> None:
        """Add a layer with an activation; a softmax is a layer of its own, so that its input can be shown."""
        activation = _activation(layer)
        self.add(kind, layer, **settings, activation="relu" if activation == "relu" else "linear")
        if activation == "softmax":
            self.add("softmax", layer)

    def _normalise(self, layer: Any) -> None:
        if layer.axis not in (-1, len(layer.output.shape) - 1):
            raise _not_covered(layer)
        mean, variance = (np.asarray(one, np.float64) for one in (layer.moving_mean, layer.moving_variance))
        gamma = np.asarray(layer.gamma, np.float64) if layer.scale else np.ones_like(mean)
        beta = np.asarray(layer.beta, np.float64) if layer.center else np.zeros_like(mean)
        factor = gamma / np.sqrt(variance + layer.epsilon)
        offset = beta - mean * factor
        before = self.layers[-1] if self.layers else {}
        if before.get("kind") in ("conv", "dense") and before["activation"] == "linear":
            kernel, bias = before["kernel"], before["bias"]
            self.tensors[kernel] = self.tensors[kernel] * factor
            self.tensors[bias] = self.tensors[bias] * factor + offset
        else:
            self.add("normalise", layer, factor=factor, offset=offset, activation="linear")

    def _activate(self, layer: Any) -> None:
        if isinstance(layer, kinds.ReLU):
            _expect(layer, max_value=None, negative_slope=0, threshold=0)
        activation = "relu" if isinstance(layer, kinds.ReLU) else _activation(layer)
        if activation == "softmax":
            self.add("softmax", layer)
        elif activation == "relu":
            if not self.layers or "activation" not in self.layers[-1]:
                raise _not_covered(layer)
            self.layers[-1]["activation"] = "relu"


def _weights(layer: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    kernel, *bias = layer.get_weights()
    return kernel, bias[0] if bias else np.zeros(kernel.shape[-1], np.float32)


def _activation(layer: Any) -> str:
    name: str = getattr(layer.activation, "__name__", "")
    if name not in ("relu", "linear", "softmax"):
        raise _not_covered(layer)
    return name


def _expect(layer: Any, **settings: Any) -> None:
    if any(getattr(layer, name, value) != value for name, value in settings.items()):
        raise _not_covered(layer)


def _not_covered(layer: Any) -> NotCoveredError:
    return NotCoveredError(
        f"the layer {layer.name!r}, a {type(layer).__name__} with settings that it has no plain form for"
    )


def _block(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape as (height, width, channels)."""
    if len(shape) > 3:
        raise NotCoveredError(f"a layer with an output of shape {shape}")
    return (1,) * (3 - len(shape)) + tuple(int(length) for length in shape)


def _flat(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes as (height, width)."""
    return (1,) * (2 - len(sizes)) + tuple(int(size) for size in sizes)


def save_weights(model: keras.Model, path: Path) -> str:
    """Write a Keras model's plain layers as a .safetensors file; returns why it could not, or "".

    Without that file, drawings are read on the server.
    """
    try:
        replace_file(path, pack_weights(to_plain(model)))
    except NotCoveredError as error:
        return str(error)
    return ""


def write_folder(folder: Path) -> dict[str, str]:
    """Write the plain layers of each .keras file in a folder; returns, for each that could not be, why not."""
    left_out = {}
    for name in (WEIGHTS, PATH_WEIGHTS):
        source = (folder / name).with_suffix(".keras")
        if source.is_file():
            left_out[name] = _write_beside(source, folder / name)
    return {name: reason for name, reason in left_out.items() if reason}


def _write_beside(source: Path, path: Path) -> str:
    try:
        model = keras.saving.load_model(source, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001  Keras raises many types of errors for invalid files
        said = str(error).strip().splitlines() or [type(error).__name__]
        return f"a file that Keras does not load safely: {said[0][:160]}"
    return save_weights(model, path)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write_folder(Path(sys.argv[1]))) + "\n")
