"""`making.make_model` from the first image to the card, in a file of its own: it takes longer than all others."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitrec.datasets import Dataset
from digitrec.datasets.dataset import take_images
from digitrec.datasets.sources.pen import PenDigit
from digitrec.ink.drawings import render
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.architectures import ARCHITECTURES, count_parameters
from digitrec.networks.card import Card, read_card
from digitrec.networks.classifier import load_classifier
from digitrec.networks.measuring import reference_drawings, test_sets
from digitrec.networks.measuring.measurements import PEN, SCANS, SECOND_HALF, VALIDATION, WITHOUT_PATH
from digitrec.networks.registry import PATH_FILES
from digitrec.training.published import SHIPPED as SHIPPED_RECIPE
from digitrec.training.recipe import change
from digitrec.training.shipped import making, rivals, training_sets
from digitrec.training.worker.saving import FILES
from tests.training.worker.few import FEW, split_few

VALIDATED = 201  # scans, of 6,012
TESTED = 2000  # scans, of 10,000
ALONE = PEN + SECOND_HALF + WITHOUT_PATH


@pytest.mark.full_data
def test_a_model_is_made_measured_and_put_in_place_of_the_old(
    mnist: Dataset, pen_digits: tuple[PenDigit, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(rivals, "NAMES", ("digitrec-fast",))
    monkeypatch.setattr(making, "PATH_EPOCHS", 1)
    monkeypatch.setattr(making, "EXAMPLES", 100)
    for name, few in FEW.items():
        monkeypatch.setattr(training_sets, name, few)
    monkeypatch.setattr(test_sets, "NONDIGITS", 10)
    monkeypatch.setattr(test_sets, "WRITTEN", 10)
    few_scans = replace(mnist, test=take_images(mnist.test, np.arange(TESTED)))
    monkeypatch.setattr(test_sets, "load_dataset", lambda name: {"mnist": few_scans}[name])
    for module in (training_sets, test_sets):
        monkeypatch.setattr(module, "load_pen_digits", lambda: pen_digits[::12])
        monkeypatch.setattr(module, "split_mnist", split_few)
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("old")
    told: list[str] = []
    card = making.make_model(
        folder, change(SHIPPED_RECIPE, epochs=1, clean_epochs=0, batch_size=64, ema_momentum=0.9), told.append, seeds=2
    )

    assert read_card(folder) == card
    assert json.loads((folder / "card.json").read_text())["recipe"]["epochs"] == 1
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "card.json"}
    assert set(files) == {*FILES, *PATH_FILES, reference_drawings.FILE}
    assert card.files == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["rivals"]  # and no checkpoint
    assert list((tmp_path / "runs" / "rivals").iterdir()) == [tmp_path / "runs" / "rivals" / "digitrec-fast"]

    classifier = load_classifier(folder)
    assert classifier.reads_paths
    assert classifier.is_rounded
    assert {figure.kind for figure in card.measured} == {"accuracy", "unsure", "rejected", "digit", "style", "width"}
    assert (card.rejection is not None, card.speed is not None, len(card.calibration)) == (True, True, 3)
    assert card.path is not None
    assert card.path.powers != (1.0, 1.0)
    assert 0.05 < card.temperature < 20

    _check_seeds(card, told)
    _check_rivals(card, folder, tmp_path / "runs" / "rivals" / "digitrec-fast")
    assert any("hours on this machine" in line for line in told)
    assert any("Epoch 1 of 1" in line for line in told)
    assert any("For comparison: digitrec-fast" in line for line in told)
    assert sum(line.startswith(SCANS) for line in told) >= 2

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("what was taught before on this machine is taught again")

    monkeypatch.setattr("digitrec.training.shipped.rivals.subprocess.run", refuse)
    assert rivals._train("digitrec-fast") == tmp_path / "runs" / "rivals" / "digitrec-fast"


def _check_seeds(card: Card, told: list[str]) -> None:
    """That the best of them on the validation scans was kept."""
    seed = SHIPPED_RECIPE.seed
    assert [one.seed for one in card.seeds] == [seed, seed + 1]
    assert {one.n for of in card.seeds for one in of.measured if one.what == VALIDATION} == {VALIDATED}
    figures = {
        one.seed: {figure.what: figure for figure in one.measured if figure.kind == "accuracy"} for one in card.seeds
    }
    wrong = {seed: {what: one.n - round(one.n * one.value) for what, one in of.items()} for seed, of in figures.items()}
    n = figures[seed][PEN].n - figures[seed][ALONE].n
    best = min(
        wrong, key=lambda seed: wrong[seed][VALIDATION] / VALIDATED + (wrong[seed][PEN] - wrong[seed][ALONE]) / n
    )
    assert card.recipe["seed"] == best
    assert figures[best][SCANS] == next(figure for figure in card.measured if figure.what == SCANS)
    assert figures[seed][SCANS] != figures[seed + 1][SCANS]
    assert {figure.kind for one in card.seeds for figure in one.measured} == {"accuracy", "unsure", "rejected"}
    assert any("model 2 of 2" in line for line in told)


def _check_rivals(card: Card, folder: Path, rival_folder: Path) -> None:
    """That each is told with what it reads in the drawings and in MNIST."""
    drawings = reference_drawings.read_reference_drawings(folder)
    assert drawings is not None
    images = [preprocess(render(drawing)).image for drawing in drawings.drawings]
    assert [rival.name for rival in card.rivals] == ["digitrec", "digitrec-fast"]
    for rival, place in zip(card.rivals, (folder, rival_folder), strict=True):
        reader = load_classifier(place)
        answers = reader.predict_proba(np.stack([image for image in images if image is not None]))
        assert rival.answers == tuple(answers.argmax(axis=1))
        assert len(rival.naive_answers) == reference_drawings.SIZE
        assert rival.parameters == count_parameters(ARCHITECTURES[rival.name].layers) == reader.card.parameters
        assert rival.bytes == (place / "model.tflite").stat().st_size
        assert (rival.scans.n, rival.prepared.n) == (TESTED, rival.naive.n)
    fast = card.rivals[1]
    assert fast.scans.value > 0.97
    assert fast.naive.value < fast.prepared.value
    assert (np.array(fast.naive_answers) == drawings.labels).mean() < (np.array(fast.answers) == drawings.labels).mean()
