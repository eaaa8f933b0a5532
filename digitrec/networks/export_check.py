"""Check that an exported model still reads as it did: run `python check.py` beside its files.

golden.npz holds 20 images of digits and the ten probabilities that the model gave for each when it was exported, in
model.tflite, which may be rounded to 8 bits, and in the exact forms. Each file that can be read with what is installed
here is asked again: model.tflite by ai-edge-litert or TensorFlow, model.keras by Keras, model.onnx by onnxruntime. The
images go in as float32 of 0 to 255, ink bright on dark.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

Images = Any  # NumPy arrays; of answers, too
SAME = 1e-3
HERE = Path(__file__).parent


def read_tflite(path: Path, images: Images) -> Images:
    """Answers of a .tflite file."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite import Interpreter
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    answers = []
    for image in images:
        interpreter.set_tensor(source, image[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(target)[0].copy())
    return np.array(answers)


def read_keras(path: Path, images: Images) -> Images:
    """Answers of a .keras file."""
    import keras

    return np.asarray(keras.saving.load_model(path, safe_mode=True).predict(images, verbose=0))


def read_onnx(path: Path, images: Images) -> Images:
    """Answers of an .onnx file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def main() -> int:
    """Check every file; 1 where one reads otherwise, or none could be read."""
    with np.load(HERE / "golden.npz", allow_pickle=False) as golden:
        images = golden["images"][..., None].astype(np.float32)
        expected = {name: golden[name] for name in golden.files}
    results = []
    for name, read, answers in (
        ("model.tflite", read_tflite, "probabilities"),
        ("model.keras", read_keras, "exact"),
        ("model.onnx", read_onnx, "exact"),
    ):
        if not (HERE / name).is_file():
            continue
        try:
            largest = float(np.abs(read(HERE / name, images) - expected[answers]).max())
        except ImportError as error:
            print(f"{name}: not checked, {error.name} is not installed")
            continue
        results.append(largest <= SAME)
        verdict = "reads the same" if results[-1] else "READS OTHERWISE"
        print(f"{name}: {verdict} ({len(images)} images, largest difference {largest:.1e})")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
