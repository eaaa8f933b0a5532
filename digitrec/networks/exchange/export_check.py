"""Check that an exported model still makes the same predictions: run `python check.py` in its folder.

golden.npz holds 20 images of digits and the ten probabilities that the model predicted for each when it was exported:
`probabilities` from model.tflite, which may be quantised to 8 bits, and `exact` from the unquantised files. Each file
is run again with the libraries installed here: model.tflite with ai-edge-litert or TensorFlow, model.keras with Keras,
model.onnx with onnxruntime. Inputs are float32 images, 0 to 255, bright ink on a dark ground.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

Array = Any  # a NumPy array
TOLERANCE = 1e-3  # of a probability
HERE = Path(__file__).parent


def read_tflite(path: Path, images: Array) -> Array:
    """Predictions of a .tflite file."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite import Interpreter
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    predictions = []
    for image in images:
        interpreter.set_tensor(source, image[None])
        interpreter.invoke()
        predictions.append(interpreter.get_tensor(target)[0].copy())
    return np.array(predictions)


def read_keras(path: Path, images: Array) -> Array:
    """Predictions of a .keras file."""
    import keras

    return np.asarray(keras.saving.load_model(path, safe_mode=True).predict(images, verbose=0))


def read_onnx(path: Path, images: Array) -> Array:
    """Predictions of an .onnx file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def main() -> int:
    """Check every file; return 1 if predictions differ or no file could be checked."""
    with np.load(HERE / "golden.npz", allow_pickle=False) as golden:
        images = golden["images"][..., None].astype(np.float32)
        expected = {name: golden[name] for name in golden.files}
    results = []
    for name, predict, expected_name in (
        ("model.tflite", read_tflite, "probabilities"),
        ("model.keras", read_keras, "exact"),
        ("model.onnx", read_onnx, "exact"),
    ):
        if not (HERE / name).is_file():
            continue
        try:
            largest = float(np.abs(predict(HERE / name, images) - expected[expected_name]).max())
        except ImportError as error:
            print(f"{name}: not checked, {error.name} is not installed")
            continue
        results.append(largest <= TOLERANCE)
        verdict = "same predictions" if results[-1] else "DIFFERENT PREDICTIONS"
        print(f"{name}: {verdict} ({len(images)} images, maximum difference {largest:.1e})")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
