"""Export Keras models as LiteRT (.tflite) and ONNX files."""

import io
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from digitrec.storage import replace_file

PRECISE = ["FULLY_CONNECTED", "SOFTMAX"]  # in 8 bits, probabilities would have steps of 1/256


def export_litert(model: keras.Model, path: Path) -> None:
    """Write the model as a .tflite file with float32 weights, which LiteRT runs without TensorFlow."""
    model.export(path, format="litert", verbose=False)


def export_quantised(model: keras.Model, path: Path, examples: NDArray[np.uint8]) -> None:
    """Write the model as a .tflite file with 8-bit convolutions, which is four times as fast.

    This is LiteRT's post-training quantisation (Jacob and others, 2018). `examples`, (n, 28, 28) uint8, are typical
    inputs, which determine the range of each layer. Dense layers stay float32.
    """

    def iterate() -> Iterator[list[NDArray[np.float32]]]:
        yield from ([image[None, ..., None].astype(np.float32)] for image in examples)

    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # the converter uses deprecated functions
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = iterate
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=PRECISE)
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=iterate, debug_options=options
        )
        replace_file(path, debugger.get_nondebug_quantized_model())


def export_onnx(model: keras.Model, path: Path) -> None:
    """Write the model as an .onnx file; the model must have been called once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras uses names that NumPy has removed
        model.export(path, format="onnx", verbose=False)
