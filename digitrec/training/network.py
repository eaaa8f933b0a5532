"""From a network as plain data to a Keras model, and from a Keras model to the file that the app reads with."""

from pathlib import Path

import keras

from digitrec.architectures import ARCHITECTURES, Convolution, Dense, Dropout, Flatten, Layer, MaxPooling, Rescale
from digitrec.preprocessing import SIDE


def build(name: str) -> keras.Model:
    """The network of that name in the catalogue, with fresh weights: (n, 28, 28, 1) float32 of 0 to 255 -> (n, 10)."""
    layers = [keras.Input((SIDE, SIDE, 1), name="image")]
    for index, layer in enumerate(ARCHITECTURES[name], start=1):
        layers += _to_keras(layer, index)
    return keras.Sequential(layers, name=name.replace("-", "_"))


def _to_keras(layer: Layer, index: int) -> list[keras.Layer]:
    match layer:
        case Rescale(factor):
            return [keras.layers.Rescaling(factor, name=f"rescale_{index}")]
        case Convolution(filters, size, padding):
            return [
                keras.layers.Conv2D(filters, size, padding=padding, use_bias=False, name=f"convolution_{index}"),
                keras.layers.BatchNormalization(name=f"normalization_{index}"),
                keras.layers.ReLU(name=f"relu_{index}"),
            ]
        case MaxPooling(size):
            return [keras.layers.MaxPooling2D(size, name=f"pooling_{index}")]
        case Dropout(share):
            return [keras.layers.Dropout(share, name=f"dropout_{index}")]
        case Flatten():
            return [keras.layers.Flatten(name=f"flatten_{index}")]
        case Dense(units, activation):
            return [keras.layers.Dense(units, activation=activation, name=f"dense_{index}")]


def export_litert(model: keras.Model, path: Path) -> None:
    """Write the model as a .tflite file of float32 weights, which LiteRT reads without TensorFlow."""
    model.export(path, format="litert", verbose=False)
