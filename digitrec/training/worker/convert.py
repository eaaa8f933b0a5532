"""`python -m digitrec.training.worker.convert FOLDER [litert] [onnx]`: convert the model.keras in FOLDER.

Prints one line of JSON: the number of parameters and the answers to the golden images, or why the file is refused.
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
from digitrec.networks.golden import golden_images
from digitrec.training.worker.network import export_litert, export_onnx

FACE = ((None, SIDE, SIDE, 1), (None, 10))


def convert(folder: Path, forms: list[str]) -> dict[str, Any]:
    """Write model.tflite or model.onnx beside model.keras, as asked."""
    try:
        model = keras.saving.load_model(folder / "model.keras", compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001  a file of any content; Keras raises whatever it meets
        said = str(error).strip().splitlines() or [type(error).__name__]
        return {"refused": f"a file that Keras does not load safely: {said[0][:160]}"}
    face = model.input_shape, model.output_shape
    if face != FACE:
        return {"refused": f"a network that takes {face[0]} and gives {face[1]}"}
    images = golden_images()[..., None].astype(np.float32)
    answers = np.asarray(model(images), np.float32)
    if "litert" in forms:
        export_litert(model, folder / "model.tflite")
    if "onnx" in forms:
        export_onnx(model, folder / "model.onnx")
    return {"parameters": model.count_params(), "answers": answers.tolist()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(convert(Path(sys.argv[1]), sys.argv[2:])) + "\n")
