import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from digitrec.errors import ModelError
from digitrec.networks.card import read_card, read_model_file, write_card
from digitrec.networks.classifier import load_classifier
from digitrec.networks.exchange import exchange
from digitrec.networks.exchange.exchange import add_model, add_weights, missing_onnx, pack
from digitrec.networks.exchange.golden import golden_images
from digitrec.networks.registry import PATH_FILES, delete_model, find_model, list_models
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS, unpack_weights
from digitrec.training.worker.export import export_litert
from digitrec.training.worker.network import build_keras

ROOT = Path(__file__).parents[3]
SHIPPED = find_model()


@pytest.fixture(scope="module")
def packed() -> bytes:
    return pack(SHIPPED)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """An untrained network as both files."""
    folder = tmp_path_factory.mktemp("tiny")
    keras.utils.set_random_seed(3)
    model = build_keras("cnn-tiny")
    model.save(folder / "model.keras")
    export_litert(model, folder / "model.tflite")
    return {name: (folder / name).read_bytes() for name in ("model.keras", "model.tflite")}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def bundled_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "data"))


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "check.py"], cwd=folder, capture_output=True, text=True, check=False)


def test_what_is_packed_can_be_checked_elsewhere(packed: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        file.extractall(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.keras", "model.tflite", "model.safetensors", "model.onnx", *PATH_FILES, "drawings.npz", "card.json",
        "golden.npz", "check.py",
    }  # fmt: skip
    with np.load(tmp_path / "golden.npz") as golden:
        np.testing.assert_array_equal(golden["images"], golden_images())
        np.testing.assert_allclose(golden["probabilities"], load_classifier().predict_proba(golden_images()), atol=1e-6)
    for name, digest in read_card(tmp_path).files.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    ran = check(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("same predictions (20 images") == 3
    keras.utils.set_random_seed(1)
    export_litert(build_keras("cnn-tiny"), tmp_path / "model.tflite")
    (tmp_path / "model.keras").unlink()  # Keras takes seconds to be loaded
    ran = check(tmp_path)
    assert ran.returncode == 1
    assert "model.tflite: DIFFERENT PREDICTIONS" in ran.stdout
    assert "model.onnx: same predictions" in ran.stdout


def test_a_zip_comes_back_with_its_card_and_figures_of_this_machine(
    packed: bytes, own: Path, bundled_only: None
) -> None:
    folder = add_model({"digitrec.zip": packed}, "From a friend")
    card, shipped = read_card(folder), read_card(SHIPPED)
    assert list_models()["From a friend"] == folder == own / "From a friend"
    assert (card.name, card.network, card.parameters) == ("From a friend", "digitrec", shipped.parameters)
    assert (card.recipe, card.data, card.unsure_below) == (shipped.recipe, shipped.data, shipped.unsure_below)
    assert (card.calibration, card.rejection, card.rivals, card.seeds, card.speed) == ((), None, (), (), None)
    (figure,) = card.measured
    assert (figure.n, figure.what) == (450, "Test set of uci")
    assert load_classifier(folder).reads_paths
    assert card.files.items() >= {name: shipped.files[name] for name in (WEIGHTS, PATH_WEIGHTS)}.items()
    read = load_classifier(folder).predict_proba(golden_images())
    np.testing.assert_allclose(read, load_classifier().predict_proba(golden_images()), atol=1e-6)
    delete_model("From a friend")


def test_a_keras_file_alone_gets_its_tflite(tiny: dict[str, bytes], own: Path, bundled_only: None) -> None:
    card = read_card(add_model({"mine.KERAS": tiny["model.keras"]}, "mine"))
    assert (card.network, card.parameters) == ("from a file", 4518)
    assert set(card.files) == {"model.keras", "model.tflite", "model.safetensors"}


def test_a_network_that_no_browser_can_run_is_added_without_weights(
    own: Path, bundled_only: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keras.utils.set_random_seed(3)
    kinds = keras.layers
    layers = [keras.Input((28, 28, 1)), kinds.AveragePooling2D(4), kinds.Flatten(), kinds.Dense(10, "softmax")]
    keras.Sequential(layers).save(tmp_path / "model.keras")
    folder = add_model({"other.keras": (tmp_path / "model.keras").read_bytes()}, "other")
    assert set(read_card(folder).files) == {"model.keras", "model.tflite"}
    assert load_classifier(folder).predict_proba(golden_images()).shape == (20, 10)
    assert "'other' reads on the server." in caplog.text
    assert "AveragePooling2D" in caplog.text
    with pytest.raises(ModelError, match=r"layers that a browser can run\. Received: the layer 'average_pooling2d"):
        add_weights(folder)


def test_weights_in_a_zip_are_made_anew(tiny: dict[str, bytes], own: Path, bundled_only: None) -> None:
    """What somebody sends must not read otherwise in the browser than on the server."""
    sent = zipped(model_keras=tiny["model.keras"], model_safetensors=b"something else")
    folder = add_model({"sent.zip": sent}, "sent")
    assert unpack_weights(read_model_file(folder, WEIGHTS, read_card(folder))).layers[0]["kind"] == "scale"


def test_a_model_kept_before_gets_its_weights(own: Path) -> None:
    folder = own / "old"
    shutil.copytree(SHIPPED, folder)
    shipped = read_card(SHIPPED)
    for name in (WEIGHTS, PATH_WEIGHTS):
        (folder / name).unlink()
    files = {name: digest for name, digest in shipped.files.items() if name not in (WEIGHTS, PATH_WEIGHTS)}
    write_card(folder, shipped.model_copy(update={"files": files}))
    assert load_classifier(folder).reads_paths
    ran = subprocess.run(
        [sys.executable, "-m", "digitrec", "weights", str(folder), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(json.loads(ran.stdout)["bytes"]) == {WEIGHTS, PATH_WEIGHTS}
    assert read_card(folder) == shipped
    for name in (WEIGHTS, PATH_WEIGHTS):
        assert read_model_file(folder, name, shipped) == (SHIPPED / name).read_bytes()


def test_weights_are_not_made_of_a_damaged_file(own: Path) -> None:
    folder = own / "damaged"
    shutil.copytree(SHIPPED, folder)
    (folder / "model.keras").write_bytes(b"something else")
    with pytest.raises(ModelError, match="sha256"):
        add_weights(folder)


def test_a_tflite_file_alone_is_enough(tiny: dict[str, bytes], own: Path, bundled_only: None) -> None:
    card = read_card(add_model({"mine.tflite": tiny["model.tflite"]}, "mine"))
    assert set(card.files) == {"model.tflite"}
    assert card.parameters == pytest.approx(4518, abs=20)  # biases of nought are left out, the scaling counts
    assert "not known" in card.weaknesses[0]


def test_two_files_of_different_networks_are_refused(
    tiny: dict[str, bytes], own: Path, bundled_only: None, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(4)
    export_litert(build_keras("cnn-tiny"), tmp_path / "other.tflite")
    files = {"a.keras": tiny["model.keras"], "b.tflite": (tmp_path / "other.tflite").read_bytes()}
    with pytest.raises(ModelError, match="Expected the same predictions"):
        add_model(files, "mine")
    assert "mine" not in list_models()


def zipped(**contents: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in contents.items():
            file.writestr(name.replace("_", "."), content)
    return target.getvalue()


def bomb(times: int = 1) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model.keras", bytes(times * exchange.LARGEST + 1))
    return target.getvalue()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "Received: none"),
        ({"model.h5": b"x"}, "Received: 'model.h5'"),
        ({"../../model.keras": b"x"}, "as Keras 3 saves it"),
        ({"a.tflite": b"no model"}, "LiteRT"),
        ({"a.zip": b"no zip"}, "damaged or encrypted"),
        ({"a.zip": zipped(other_txt=b"x")}, "Received: none"),
        ({"a.zip": zipped(model_keras=b"x")}, "as Keras 3 saves it"),
        ({"a.keras": zipped(config_json=b"{}")}, "does not load safely"),
        ({"a.tflite": bytes(exchange.LARGEST + 1)}, "at most 50 MB"),
    ],
    ids=["nothing", "h5", "path", "no model", "no zip", "zip of nothing", "zip of no model", "empty keras", "large"],
)
def test_other_files_are_refused_and_nothing_is_kept(files: dict[str, bytes], said: str, own: Path) -> None:
    with pytest.raises(ModelError, match=said):
        add_model(files, "mine")
    assert not own.exists() or not list(own.iterdir())


def test_what_unpacks_to_gigabytes_is_refused_unread(own: Path) -> None:
    packed = bomb()
    assert len(packed) < 100_000
    with pytest.raises(ModelError, match=r"Received: model\.keras of 50 MB"):
        add_model({"a.zip": packed}, "mine")
    with pytest.raises(ModelError, match="unpacked"):
        add_model({"a.keras": bomb(2)}, "mine")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_whose_packing_is_broken_is_told(method: int, own: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        file.writestr("model.tflite", np.random.default_rng(0).bytes(5000))
    broken = bytearray(target.getvalue())
    broken[60:160] = b"\xff" * 100
    with pytest.raises(ModelError, match="damaged or encrypted"):
        add_model({"a.zip": bytes(broken)}, "mine")


def test_more_files_than_a_model_has_are_refused(own: Path) -> None:
    with pytest.raises(ModelError, match=r"at most 4 files.*Received: 5\."):
        add_model({f"{index}.tflite": b"x" for index in range(5)}, "mine")


@pytest.mark.parametrize("name", ["", "../mine", "digitrec", ".hidden"])
def test_a_name_is_checked_before_anything_is_read(name: str, own: Path) -> None:
    with pytest.raises(ModelError, match="Expected a name"):
        add_model({"a.tflite": b"x"}, name)


def foreign(tmp_path: Path, *layers: keras.Layer) -> bytes:
    export_litert(keras.Sequential([keras.Input((28, 28, 1)), *layers]), tmp_path / "x.tflite")
    return (tmp_path / "x.tflite").read_bytes()


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (lambda: (keras.layers.Flatten(), keras.layers.Dense(10)), "softmax"),
        (lambda: (keras.layers.Flatten(), keras.layers.Dense(12, "softmax")), r"gives \[\(\(1, 12\)"),
    ],
    ids=["logits", "twelve classes"],
)
def test_a_network_of_another_kind_is_refused(
    layers: Callable[[], tuple[keras.Layer, ...]], said: str, tmp_path: Path, own: Path
) -> None:
    keras.utils.set_random_seed(3)
    with pytest.raises(ModelError, match=said):
        add_model({"a.tflite": foreign(tmp_path, *layers())}, "mine")


@pytest.fixture
def without_onnx(tmp_path: Path) -> dict[str, str]:
    """An environment in which no Python process can import onnx or tf2onnx."""
    folder = tmp_path / "without_onnx"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['onnx'] = sys.modules['tf2onnx'] = None\n")
    return os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def test_a_model_is_packed_without_onnx_where_it_is_not_installed(
    packed: bytes, without_onnx: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "digitrec", "export", "digitrec", "-o", "out.zip", "--json"]
    ran = subprocess.run(command, cwd=tmp_path, env=without_onnx, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    row = json.loads(ran.stdout)
    assert "Received: onnx and tf2onnx not installed, so the zip has no model.onnx." in row["note"]
    assert row["note"] in ran.stderr
    with zipfile.ZipFile(tmp_path / "out.zip") as file:
        names = set(file.namelist())
        file.extractall(tmp_path / "out")
    assert {"model.keras", "model.tflite", "golden.npz", "check.py", "card.json"} <= names
    assert "model.onnx" not in names
    with zipfile.ZipFile(io.BytesIO(packed)) as whole:
        for name in names - {"golden.npz"}:
            assert (tmp_path / "out" / name).read_bytes() == whole.read(name)
        (tmp_path / "whole.npz").write_bytes(whole.read("golden.npz"))
    with np.load(tmp_path / "whole.npz") as one, np.load(tmp_path / "out" / "golden.npz") as other:
        assert set(one.files) == set(other.files) == {"images", "probabilities", "exact"}
        for name in one.files:
            np.testing.assert_allclose(one[name], other[name], atol=1e-6)


START_APP = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60).run()
assert not app.exception
app.switch_page("pages/models.py").run()
assert not app.exception
from digitrec.networks.exchange.exchange import missing_onnx
print(missing_onnx())
"""


def test_the_app_starts_without_onnx(without_onnx: dict[str, str]) -> None:
    command = [sys.executable, "-c", START_APP]
    ran = subprocess.run(command, cwd=ROOT, env=without_onnx, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Run `python -m pip install onnx tf2onnx` and export again." in ran.stdout


def test_nothing_is_missing_where_onnx_is_installed() -> None:
    assert missing_onnx() == ""
