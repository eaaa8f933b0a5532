from pathlib import Path

import pytest

from digitrec.errors import RunError
from digitrec.training import duration
from digitrec.training.augmentation import Augmentation
from digitrec.training.recipe import Recipe, change

TINY = Recipe(network="dense-128", source="uci", batch_size=16)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_a_step_is_measured_once_and_remembered_for_what_it_depends_on(place: Path) -> None:
    assert duration.known_step(TINY) is None
    seconds = duration.measure_step(TINY)
    assert 1e-5 < seconds < 1
    assert duration.known_step(change(TINY, epochs=50, learning_rate=1.0, seed=3)) == seconds
    for other in (
        change(TINY, batch_size=17),
        change(TINY, network="cnn-tiny"),
        change(TINY, augmentation=Augmentation()),
    ):
        assert duration.known_step(other) is None
    assert [path.name for path in place.iterdir()] == ["speeds.json"]


def test_what_cannot_be_measured_is_told_and_not_remembered(place: Path) -> None:
    with pytest.raises(RunError, match="Train without an estimate"):
        duration.measure_step(change(TINY, network="no-such"))
    assert not place.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"dense-128 16": "fast"}', '{"dense-128 16": -1}'])
def test_a_damaged_file_knows_nothing(text: str, place: Path) -> None:
    place.mkdir()
    (place / "speeds.json").write_text(text)
    assert duration.known_step(TINY) is None


def test_the_estimate_grows_with_the_steps() -> None:
    recipe = change(TINY, batch_size=100, epochs=10)
    assert duration.estimate(recipe, 1000, 0.0) == duration.START
    assert duration.estimate(recipe, 1001, 1.0) == pytest.approx(duration.START + 110 * 1.1)
    assert duration.estimate(change(recipe, epochs=1), 1, 2.0) == pytest.approx(duration.START + 2.2)
