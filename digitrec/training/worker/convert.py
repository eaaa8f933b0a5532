"""`python -m digitrec.training.worker.convert FOLDER [litert] [onnx] [safetensors]`: convert the model.keras in FOLDER.

Prints one line of JSON: the number of parameters and the predictions for the golden images, or why it was rejected.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from digitrec.ink.preprocessing import SIDE
from digitrec.networks.exchange.golden import golden_images
from digitrec.training.worker.export import export_litert, export_onnx
from digitrec.training.worker.plain_layers import write_folder

SHAPES = ((None, SIDE, SIDE, 1), (None, 10))


def convert(folder: Path, formats: list[str]) -> dict[str, Any]:
    """Write model.tflite, model.onnx and .safetensors files beside model.keras, those that are in `formats`."""
    try:
        model = keras.saving.load_model(folder / "model.keras", compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001  Keras raises many types of errors for invalid files
        said = str(error).strip().splitlines() or [type(error).__name__]
        return {"refused": f"a file that Keras does not load safely: {said[0][:160]}"}
    shapes = model.input_shape, model.output_shape
    if shapes != SHAPES:
        return {"refused": f"a network with input shape {shapes[0]} and output shape {shapes[1]}"}
    images = golden_images()[..., None].astype(np.float32)
    answers = np.asarray(model(images), np.float32)
    if "litert" in formats:
        export_litert(model, folder / "model.tflite")
    if "onnx" in formats:
        export_onnx(model, folder / "model.onnx")
    left_out = write_folder(folder) if "safetensors" in formats else {}
    return {"left out": left_out, "parameters": model.count_params(), "answers": answers.tolist()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(convert(Path(sys.argv[1]), sys.argv[2:])) + "\n")
