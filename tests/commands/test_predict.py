import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from digitrec.__main__ import app
from digitrec.datasets import load_dataset
from digitrec.ink.image_files import load_ink
from digitrec.networks.classifier import Classifier

N = 40


def predict(*arguments: Any) -> Any:
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    assert isinstance(result.exception, SystemExit | None)
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    return load_dataset("uci").test.images[:N]


@pytest.fixture(scope="module")
def labels() -> NDArray[np.uint8]:
    return load_dataset("uci").test.labels[:N]


@pytest.fixture
def table(images: NDArray[np.uint8], tmp_path: Path) -> Path:
    pixels = images.reshape(N, 784)
    pd.DataFrame(pixels, columns=[f"pixel{i}" for i in range(784)]).to_csv(tmp_path / "test.csv", index=False)
    return tmp_path / "test.csv"


@pytest.fixture
def labelled(images: NDArray[np.uint8], labels: NDArray[np.uint8], tmp_path: Path) -> Path:
    np.savez(tmp_path / "mine.npz", images=images, labels=labels)
    return tmp_path / "mine.npz"


@pytest.fixture
def spoiled(table: Path) -> Path:
    lines = table.read_text().splitlines()
    lines[7] = lines[7].replace("0", "dark", 1)
    path = table.with_name("spoiled.csv")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def picture(ink: NDArray[np.uint8], tmp_path: Path) -> Path:
    Image.fromarray(255 - ink).save(tmp_path / "three.png")
    return tmp_path / "three.png"


def test_a_submission_is_what_the_classifier_says(
    table: Path, images: NDArray[np.uint8], classifier: Classifier, tmp_path: Path
) -> None:
    result = predict(table, "--submission", "-o", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    digits = classifier.predict_proba(images).argmax(axis=1)
    rows = "".join(f"{number},{digit}\n" for number, digit in enumerate(digits, 1))
    assert (tmp_path / "out.csv").read_text() == f"ImageId,Label\n{rows}"
    assert f"{table}: a CSV of {N} digits, with a header, without labels." in result.stderr
    assert result.stdout.startswith(f"{table}: {N} read, ")


def test_a_submission_with_a_row_missing_is_not_written(spoiled: Path, tmp_path: Path) -> None:
    result = predict(spoiled, "--submission", "-o", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert f"rows 1 to {N}. Received: none for 7." in result.stderr
    assert "Received: 'dark' in row 7" in result.output
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("arguments", [["test.csv"], ["test.csv", "mine.npz", "-o"], ["three.png", "-o"]])
@pytest.mark.usefixtures("table", "labelled", "picture")
def test_a_submission_is_of_one_file_into_another(arguments: list[str], tmp_path: Path) -> None:
    paths = [tmp_path / name if "." in name else name for name in arguments]
    result = predict(*paths, *([tmp_path / "out.csv"] if "-o" in arguments else []), "--submission")
    assert result.exit_code == 2
    assert "Expected --submission with one file of digits and -o" in result.stderr


def test_every_row_of_every_file_is_written(
    table: Path, labelled: Path, picture: Path, classifier: Classifier, tmp_path: Path
) -> None:
    images, labels = load_dataset("uci").test.images[:N], load_dataset("uci").test.labels[:N]
    result = predict(table, picture, labelled, "--out", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    written = pd.read_csv(tmp_path / "out.csv")
    probabilities, reading = classifier.predict_proba(images), classifier.read(load_ink(picture))
    digits = probabilities.argmax(axis=1).tolist()
    assert written["file"].tolist() == [str(table)] * N + [str(picture)] + [str(labelled)] * N
    assert written["row"].tolist() == [*range(1, N + 1), 1, *range(1, N + 1)]
    assert written["digit"].tolist() == [*digits, reading.digit, *digits]
    shares = [*probabilities.max(axis=1), reading.confidence, *probabilities.max(axis=1)]
    np.testing.assert_allclose(written["confidence"], shares, rtol=1e-6)
    assert written["unsure"].tolist()[: N + 1] == [*map(classifier.is_unsure, probabilities), reading.unsure]
    assert written["label"][N + 1 :].tolist() == labels.tolist()
    assert written["label"][: N + 1].isna().all()
    assert (tmp_path / "out.csv").read_text().splitlines()[-1].endswith(f",{labels[-1]}")
    right = int((np.array(digits) == labels).sum())
    assert f"{labelled}: {N} read, {right} match their labels," in result.stdout


def test_a_picture_without_ink_has_no_row(picture: Path, tmp_path: Path) -> None:
    Image.new("L", (50, 40), 255).save(tmp_path / "blank.png")
    assert predict(tmp_path / "blank.png", picture, "-o", tmp_path / "out.csv").exit_code == 0
    first, *others = (tmp_path / "out.csv").read_text().splitlines()
    assert first == "file,row,digit,confidence,unsure,second,second_confidence"
    assert [line.partition(f"{picture},1,")[0] for line in others] == [""]


def test_json_says_what_each_file_is_and_each_digit(
    spoiled: Path, picture: Path, images: NDArray[np.uint8], classifier: Classifier
) -> None:
    result = predict(spoiled, picture, "--json")
    assert result.exit_code == 0
    batch, single = json.loads(result.stdout)
    assert batch["format"] == f"a CSV of {N} digits, with a header, without labels"
    assert (batch["n"], batch["invalid"]) == (N - 1, 1)
    assert [(row["number"], "'dark' in row 7" in row["reason"]) for row in batch["invalid_rows"]] == [(7, True)]
    good = np.delete(np.arange(N), 6)
    assert [row["row"] for row in batch["predictions"]] == (good + 1).tolist()
    assert [row["digit"] for row in batch["predictions"]] == classifier.predict_proba(images[good]).argmax(
        axis=1
    ).tolist()
    assert single["digit"] == classifier.read(load_ink(picture)).digit


def test_rows_are_in_the_file_or_in_the_json(table: Path, tmp_path: Path) -> None:
    result = predict(table, "--json", "-o", tmp_path / "out.csv")
    assert "predictions" not in json.loads(result.stdout)[0]
    assert len(pd.read_csv(tmp_path / "out.csv")) == N


def test_one_bad_file_does_not_keep_the_others_from_being_read(table: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bare").mkdir()
    result = predict(tmp_path / "empty.csv", table, tmp_path / "bare", "-o", tmp_path / "out.csv")
    assert result.exit_code == 0
    assert f"{tmp_path / 'empty.csv'}: could not be read. Expected empty.csv to hold digits" in result.stderr
    assert "a folder without any" in result.stderr
    assert pd.read_csv(tmp_path / "out.csv")["file"].unique().tolist() == [str(table)]


def test_when_no_row_of_any_file_can_be_read_the_exit_code_is_1(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.full((3, 784), 999))
    result = predict(tmp_path / "bad.npy", tmp_path / "missing.csv", "-o", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert "3 could not be read" in result.stderr
    assert "No such file" in result.stderr
    assert not (tmp_path / "out.csv").exists()


def test_bad_rows_beyond_the_first_are_counted(images: NDArray[np.uint8], tmp_path: Path) -> None:
    values = images.astype(np.int64)
    values[:9, 0, 0] = -1
    np.save(tmp_path / "some.npy", values)
    result = predict(tmp_path / "some.npy")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].endswith("9 could not be read:")
    assert lines[5].startswith("  5: Expected whole numbers of 0 to 255 in column pixel0. Received: -1 in row 5.")
    assert lines[6] == "  and 4 more"
    assert len(lines) == 7


def test_a_folder_of_pictures_is_read(picture: Path, classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for name in ("2.png", "10.png"):
        (tmp_path / "many" / name).write_bytes(picture.read_bytes())
    (batch,) = json.loads(predict(tmp_path / "many", "--json").stdout)
    digit = classifier.read(load_ink(picture)).digit
    assert [(row["row"], row["name"], row["digit"]) for row in batch["predictions"]] == [
        (1, "2.png", digit),
        (2, "10.png", digit),
    ]


def test_where_it_cannot_be_written_is_told_before_anything_is_read(table: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "none" / "out.csv", tmp_path):
        result = predict(table, "-o", out)
        assert result.exit_code == 2
        assert "Expected a file to write to" in result.stderr
        assert "a CSV of" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Only Linux has a disk that is always full.")
def test_a_full_disk_is_told(table: Path) -> None:
    result = predict(table, "-o", "/dev/full")
    assert result.exit_code == 1
    assert "No space left" in result.stderr


def test_a_number_is_read_from_left_to_right(tmp_path: Path) -> None:
    images = load_dataset("uci").test.images
    labels = load_dataset("uci").test.labels
    places = [int(np.flatnonzero(labels == digit)[0]) for digit in (4, 0, 7)]
    ink = np.concatenate([np.pad(images[place], 14) for place in places], axis=1)
    Image.fromarray(255 - ink).resize((504, 168), Image.Resampling.BICUBIC).save(tmp_path / "number.png")
    result = predict(tmp_path / "number.png", "--number", "--json")
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)
    assert row["number"] == "407"
    lefts = [one["box"][0] for one in row["digits"]]
    assert lefts == sorted(lefts)
    assert "number.png: 407" in predict(tmp_path / "number.png", "--number").stdout
    out = tmp_path / "out.csv"
    predict(tmp_path / "number.png", "--number", "-o", out)
    assert pd.read_csv(out)["digit"].tolist() == [4, 0, 7]


def test_a_number_needs_a_picture_with_ink(table: Path, tmp_path: Path) -> None:
    refused = predict(table, "--number")
    assert refused.exit_code == 2
    assert "Expected pictures with --number" in refused.output
    Image.new("L", (90, 60), 255).save(tmp_path / "blank.png")
    blank = predict(tmp_path / "blank.png", "--number")
    assert blank.exit_code == 1
    assert "No ink was found" in blank.output
