from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

from digitrec.networks.exchange.golden import golden_images
from digitrec.training.worker.convert import convert
from digitrec.training.worker.network import build_keras


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keras.utils.set_random_seed(0)
    build_keras("dense-128", "unit-norm").save(tmp_path / "model.keras")
    return tmp_path


def test_all_forms_answer_alike(folder: Path) -> None:
    said = convert(folder, ["litert", "onnx"])
    assert said["parameters"] == 118_282
    images = golden_images()[..., None].astype(np.float32)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (answers,) = session.run(None, {session.get_inputs()[0].name: images})
    np.testing.assert_allclose(answers, said["answers"], atol=1e-5)
    assert (folder / "model.tflite").is_file()


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(9)), "output shape (None, 9)"),
        ((keras.Input((784,)), keras.layers.Dense(10)), "input shape (None, 784)"),
    ],
)
def test_another_face_is_refused(layers: tuple[keras.Layer, ...], said: str, tmp_path: Path) -> None:
    keras.Sequential(list(layers)).save(tmp_path / "model.keras")
    assert said in convert(tmp_path, ["litert"])["refused"]
    assert not (tmp_path / "model.tflite").exists()


def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    trap = keras.layers.Lambda(lambda x: x)
    keras.Sequential([keras.Input((28, 28, 1)), trap, keras.layers.Flatten(), keras.layers.Dense(10)]).save(
        tmp_path / "model.keras"
    )
    assert "does not load safely" in convert(tmp_path, ["litert"])["refused"]
    (tmp_path / "model.keras").write_bytes(b"no model")
    assert "does not load safely" in convert(tmp_path, [])["refused"]
