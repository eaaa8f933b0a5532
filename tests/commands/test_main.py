import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import log_loss, precision_score, recall_score
from sklearn.preprocessing import normalize
from typer.testing import CliRunner

from digitrec import load_dataset
from digitrec.__main__ import app
from digitrec.commands.common import metric_row
from digitrec.datasets import Split
from digitrec.errors import RecipeError
from digitrec.evaluation.calibration import expected_calibration_error
from digitrec.evaluation.metrics import per_digit
from digitrec.ink.image_files import load_ink
from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.classifier import Classifier
from digitrec.networks.registry import NUMBERS_NAME
from digitrec.training.published import PUBLISHED
from digitrec.training.recipe import Recipe, change, parse
from digitrec.training.run_folders import runs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def three(ink: NDArray[np.uint8], tmp_path: Path) -> Path:
    path = tmp_path / "three.png"
    Image.fromarray(255 - ink).save(path)
    return path


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    Image.new("L", (50, 40), 255).save(tmp_path / "blank.png")
    return tmp_path / "blank.png"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path / "text.png"


def predict(*arguments: Any) -> Any:
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    assert isinstance(result.exception, SystemExit | None)
    assert "Traceback" not in result.output
    return result


def test_several_files_are_read_a_line_each(three: Path, tmp_path: Path, classifier: Classifier) -> None:
    other = tmp_path / "again.png"
    other.write_bytes(three.read_bytes())
    result = predict(three, other)
    digit = classifier.read(load_ink(three)).digit
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{three}: ")
    assert second == first.replace(str(three), str(other))
    assert str(digit) in first.removeprefix(str(three))
    assert result.stderr == ""


def test_json_holds_what_the_classifier_says(three: Path, classifier: Classifier) -> None:
    result = predict(three, "--json")
    reading = classifier.read(load_ink(three))
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)
    assert row == {
        "file": str(three),
        "digit": reading.digit,
        "confidence": pytest.approx(reading.confidence, abs=5e-5),
        "unsure": reading.unsure,
        "reason": reading.reason,
        "probabilities": pytest.approx(reading.probabilities.tolist(), abs=5.1e-5),
    }


@pytest.mark.parametrize(
    ("unsure_below", "words"), [(0, r": \d \(\d+\.\d %\)"), (1, r": not sure, perhaps \d \(.*%\)\. It .*\.")]
)
def test_doubt_is_said_in_words(
    unsure_below: float, words: str, tmp_path: Path, model_folder: Path, change_card: Callable[..., None]
) -> None:
    change_card(unsure_below=unsure_below, digit_below=0)
    grid = np.full((120, 120), 255, np.uint8)
    grid[10:110:20], grid[:, 10:110:20] = 0, 0
    Image.fromarray(np.pad(grid, 20, constant_values=255)).save(tmp_path / "grid.png")
    result = predict(tmp_path / "grid.png", "--model", model_folder)
    assert result.exit_code == 0
    assert re.fullmatch(re.escape(str(tmp_path / "grid.png")) + words, result.stdout.strip())


def test_one_bad_file_among_good_ones_is_named_with_its_reason(three: Path, text: Path, blank: Path) -> None:
    result = predict(text, three, blank)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{three}: ")
    assert result.stdout.count("\n") == 1
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{text}: could not be read. Expected a picture such as PNG")
    assert second.startswith(f"{blank}: could not be read. No ink was found")


def test_json_names_the_bad_file_and_its_reason_in_its_place(three: Path, text: Path) -> None:
    result = predict(three, text, "--json")
    assert result.exit_code == 0
    good, bad = json.loads(result.stdout)
    assert good["digit"] is not None
    assert bad["digit"] is None
    assert bad["file"] == str(text)
    assert "which is not" in bad["error"]


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_when_no_file_can_be_read_the_exit_code_is_1(
    as_json: list[str], text: Path, blank: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    result = predict(text, blank, tmp_path / "missing.png", tmp_path / "folder", *as_json)
    assert result.exit_code == 1
    assert result.output.count("Expected a picture") == 2
    assert "Expected folder to hold pictures" in result.output
    assert "No ink was found" in result.output


def test_a_missing_model_is_named_and_the_exit_code_is_2(three: Path, tmp_path: Path) -> None:
    result = predict(three, "--model", tmp_path / "nothing")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Expected a model folder named" in result.stderr


def test_a_damaged_model_is_named_and_the_exit_code_is_2(three: Path, model_folder: Path) -> None:
    (model_folder / "model.tflite").write_bytes(b"damaged")
    result = predict(three, "--model", model_folder)
    assert result.exit_code == 2
    assert "model.tflite with the sha256 in its card" in result.stderr


def test_no_files_is_a_usage_error() -> None:
    result = predict()
    assert result.exit_code == 2
    assert "Usage" in result.stderr
    assert "file" in result.stderr.lower()


@pytest.mark.parametrize("command", [[], ["predict"], ["train"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert ("--json" in result.stdout) == bool(command)
    assert "Usage" in result.stdout


def test_the_module_runs_as_a_program(three: Path, text: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "digitrec", "predict", "--json", str(three), str(text)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    good, bad = json.loads(ran.stdout)
    assert good["digit"] in range(10)
    assert bad["digit"] is None
    assert "Traceback" not in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="Only there are names bytes.")
def test_a_name_that_is_no_text_is_printed(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.png"
    ran = subprocess.run(
        [sys.executable, "-m", "digitrec", "predict", name],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 1
    assert b"Traceback" not in ran.stderr


def test_data_lists_what_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    result = CliRunner().invoke(app, ["data", "--json"])
    there = {row["name"]: row["available"] for row in json.loads(result.stdout)}
    assert there == {"mnist": False, "pen": False, "both": False, "kaggle": False, "uci": True}


def test_data_describes_a_source() -> None:
    result = CliRunner().invoke(app, ["data", "uci", "--json"])
    told = json.loads(result.stdout)
    assert told["images"] == {"train": 1347, "test": 450}
    assert sum(told["label_counts"]["train"]) == 1347
    assert told["findings"] == []
    text = CliRunner().invoke(app, ["data", "uci"]).stdout
    assert "CC BY 4.0" in text
    assert "No problems found." in text


def test_data_is_written_out(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["data", "uci", "--export", "npz", "--folder", str(tmp_path)])
    assert result.exit_code == 0
    again = CliRunner().invoke(app, ["data", str(tmp_path / "uci.npz"), "--json"])
    assert json.loads(again.stdout)["images"] == {"train": 1347, "test": 450}


@pytest.mark.parametrize(
    ("source", "told"),
    [("mnist", "--fetch"), ("pen", "Copy the files there"), ("letters", "Check its name"), ("no.npz", "no.npz")],
)
def test_data_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, told: str
) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    result = CliRunner().invoke(app, ["data", source])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    return tmp_path


def test_a_network_is_trained_kept_and_evaluated(own: Path) -> None:
    arguments = ["--network", "dense-300-100", "--source", "uci", "--epochs", "2", "--batch", "50", "--seed", "4"]
    result = CliRunner().invoke(
        app, ["train", *arguments, "--set", "validation=0.1", "--learning-rate", "0.2", "--keep", "mine", "--json"]
    )
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)
    assert (row["state"], row["message"], row["log"]) == ("finished", "", "")
    assert [line["epoch"] for line in row["history"]] == [1, 2]
    recipe = PUBLISHED["dense-300-100"]
    expected = change(recipe, source="uci", epochs=2, batch_size=50, seed=4, validation=0.1, learning_rate=0.2)
    assert row["recipe"] == expected.model_dump(mode="json")
    assert runs.read(Path(row["folder"])).recipe == expected
    assert row["model"] == str(own / "models" / "mine")
    told = json.loads(CliRunner().invoke(app, ["evaluate", "mine", "--source", "uci", "--json"]).stdout)
    assert told["accuracy"] == row["results"]["test_accuracy"] > 0.5
    assert told["log_loss"] == pytest.approx(row["results"]["test_loss"], rel=1e-5)
    listed = json.loads(CliRunner().invoke(app, ["models", "--json"]).stdout)
    assert [(model["name"], model["network"]) for model in listed] == [
        ("digitrec", "digitrec"),
        (NUMBERS_NAME, NUMBERS_NAME),
        ("mine", "dense-300-100"),
    ]
    again = CliRunner().invoke(app, ["train", "--resume", row["run"], "--epochs", "2"])
    assert again.exit_code == 1
    assert "more than the 2 epochs that are done" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--network", "resnet"], "network to be one of"),
        (["--epochs", "0"], "epochs of 1 to 1000. Received: 0"),
        (["--set", "colour=red"], "Received: 'colour'"),
        (["--set", "validation"], "name=value"),
        (["--set", "batch=many"], "number as batch size"),
        (["--resume", "../x"], "name of a run"),
        pytest.param(["--set", "images=abc"], "Expected"),
        pytest.param(["--set", 'augmentation={"x": 1}'], "Expected"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_settings_that_cannot_be_are_told_and_nothing_is_begun(arguments: list[str], told: str, own: Path) -> None:
    result = CliRunner().invoke(app, ["train", "--source", "uci", *arguments])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert told in result.stderr
    assert not (own / "runs").exists()


@pytest.mark.parametrize("setting", ["epochs=2.5", "batch_size=2.5", "images=2.5", "source=3", "augmentation=3"])
def test_settings_of_another_type_are_told(setting: str) -> None:
    with pytest.raises(RecipeError):
        change(Recipe(), **parse([setting]))


def test_the_shipped_model_is_listed_with_its_figures(own: Path) -> None:
    result = CliRunner().invoke(app, ["models", "--json"])
    row, numbers = json.loads(result.stdout)
    assert (row["input"], numbers["input"], numbers["name"]) == ("digit", "number", NUMBERS_NAME)
    card = read_card(SHIPPED / "digitrec")
    assert (row["name"], row["parameters"], row["date"]) == ("digitrec", card.parameters, card.date)
    assert row["metrics"] == [metric_row(figure) for figure in card.measured]
    first = card.measured[0]
    assert row["metrics"][0] == {
        "data": first.what,
        "n": first.n,
        "accuracy": first.value,
        "accuracy_interval": [first.low, first.high],
    }
    assert {"unsure_rate", "rejection_rate", "group"} <= {key for metric in row["metrics"] for key in metric}
    assert f"{card.parameters:,} parameters" in CliRunner().invoke(app, ["models"]).stdout


@pytest.mark.parametrize("part", ["test", "train"])
def test_a_model_is_evaluated(part: str, classifier: Classifier) -> None:
    result = CliRunner().invoke(app, ["evaluate", "digitrec", "--source", "uci", "--part", part, "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    split = getattr(load_dataset("uci"), part)
    probabilities = classifier.predict_proba(split.images)
    wrong = split.labels[probabilities.argmax(axis=1) != split.labels]
    assert (told["n"], told["accuracy"]) == (len(split), pytest.approx(1 - len(wrong) / len(split)))
    low, high = told["accuracy_interval"]
    assert low <= told["accuracy"] <= high
    assert (told["source"], told["split"]) == ("uci", part)
    assert told["log_loss"] == pytest.approx(
        log_loss(split.labels, normalize(probabilities.astype(float), "l1")), rel=1e-4
    )
    assert told["misclassified"] == {str(digit): int((wrong == digit).sum()) for digit in range(10)}
    assert told["expected_calibration_error"] == expected_calibration_error(probabilities, split.labels)
    recall = recall_score(split.labels, probabilities.argmax(axis=1), average=None)
    precision = precision_score(split.labels, probabilities.argmax(axis=1), average=None)
    assert [row["digit"] for row in told["digits"]] == list(range(10))
    assert [row["recall"] for row in told["digits"]] == pytest.approx(recall.tolist())
    assert [row["precision"] for row in told["digits"]] == pytest.approx(precision.tolist())
    for row in told["digits"]:
        low, high = row["recall_interval"]
        assert low <= row["recall"] <= high + 1e-9


def test_a_model_is_evaluated_in_words_too(classifier: Classifier) -> None:
    result = CliRunner().invoke(app, ["evaluate", "digitrec", "--source", "uci"])
    assert result.exit_code == 0
    test = load_dataset("uci").test
    probabilities = classifier.predict_proba(test.images)
    assert f"calibration error {expected_calibration_error(probabilities, test.labels):.4f}\n" in result.stdout
    table = [line.split() for line in result.stdout.splitlines()[-10:]]
    for digit, (first, images, recall, *_, precision) in enumerate(table):
        row = per_digit(test.labels, probabilities.argmax(axis=1)).iloc[digit]
        assert (int(first), int(images)) == (digit, row["support"])
        assert (recall, precision) == (f"{row['recall']:.2%}", f"{row['precision']:.2%}")


def test_mistakes_are_written_worst_first(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "out.csv"
    result = CliRunner().invoke(app, ["evaluate", "digitrec", "--source", "uci", "--mistakes", str(path), "--json"])
    assert result.exit_code == 0
    assert str(path) in result.stderr
    table = pd.read_csv(path)
    assert len(table) == sum(json.loads(result.stdout)["misclassified"].values()) > 0
    assert list(table) == ["place", "label", "read", "confidence", "label_probability", *(f"p{i}" for i in range(10))]
    assert table["label_probability"].is_monotonic_increasing
    test = load_dataset("uci").test
    assert table["label"].tolist() == test.labels[table["place"]].tolist()
    expected = classifier.predict_proba(test.images)[table["place"]]
    np.testing.assert_allclose(table.filter(regex=r"^p\d$"), expected, rtol=1e-5)
    assert (table["read"] == expected.argmax(axis=1)).all()


@pytest.mark.parametrize("path", ["", "missing/out.csv"], ids=["a folder", "in no folder"])
def test_mistakes_that_cannot_be_written_are_told(path: str, tmp_path: Path) -> None:
    arguments = ["evaluate", "digitrec", "--source", "uci", "--mistakes", str(tmp_path / path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert re.search(r"Expected to write .*\. Received: .*\. Choose another folder\.", result.stderr)
    assert "Accuracy " in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_part_without_images_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_dataset("uci")
    empty = Split(whole.test.images[:0], whole.test.labels[:0])
    monkeypatch.setattr("digitrec.commands.models.load_dataset", lambda _: dataclasses.replace(whole, test=empty))
    result = CliRunner().invoke(app, ["evaluate", "digitrec"])
    assert result.exit_code == 1
    assert "Expected images in the test part of uci. Received: none" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody", "--source", "uci"], "model folder named 'nobody'"),
        (["digitrec", "--source", "letters"], "Check its name"),
    ],
)
def test_what_cannot_be_evaluated_is_told(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert told in result.stderr


def test_only_parts_that_are_there_are_evaluated() -> None:
    assert CliRunner().invoke(app, ["evaluate", "digitrec", "--source", "uci", "--part", "tset"]).exit_code != 0


def test_parts_that_are_not_measured_are_told(capfd: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(app, ["bench", "everything"])
    assert result.exit_code == 1
    assert "Expected benchmarks among reading, canvas" in capfd.readouterr().err


def test_without_its_tests_nothing_can_be_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("digitrec.commands.bench.top_folder", lambda: tmp_path)
    result = CliRunner().invoke(app, ["bench"])
    assert result.exit_code == 1
    assert "Run the benchmarks in a clone" in result.output
