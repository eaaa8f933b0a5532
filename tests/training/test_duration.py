import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from digitrec.errors import RunError
from digitrec.training import duration
from digitrec.training.augmentation import Augmentation
from digitrec.training.recipe import Recipe, change
from digitrec.training.run_folders import runs, signals

TINY = Recipe(network="dense-128", source="uci", batch_size=16)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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
        duration.measure_step(TINY.model_copy(update={"network": "no-such"}))  # which is not checked
    assert not place.exists()


def test_recipes_with_the_same_key_have_the_same_step() -> None:
    assert duration.step_key(TINY) == duration.step_key(change(TINY, epochs=50, learning_rate=1.0, seed=3))
    others = {"batch_size": 17}, {"network": "cnn-tiny"}, {"augmentation": Augmentation()}, {"precision": "bfloat16"}
    assert len({duration.step_key(change(TINY, **one)) for one in ({}, *others)}) == 5


def answer_at_once(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """In place of the process that measures; the figure would be kept if nothing ran beside it."""

    def run(*arguments: object, **more: object) -> SimpleNamespace:
        meanwhile()
        return SimpleNamespace(stdout="0.25\n")

    monkeypatch.setattr(duration.subprocess, "run", run)


def test_nothing_is_measured_beside_a_training(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    answer_at_once(monkeypatch, lambda: started.append(True))
    with signals.training_lock(), pytest.raises(RunError, match="no training while a step is measured"):
        duration.measure_step(TINY)
    assert not started
    assert duration.known_step(TINY) is None
    assert duration.measure_step(TINY) == duration.known_step(TINY) == 0.25


def test_what_was_measured_while_a_training_came_or_went_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = runs.create(TINY)
    runs.write_state(folder, runs.State(runs.FINISHED))
    time.sleep(0.01)  # the clock of the state is that of the measurement
    turn = signals.training_lock()
    for meanwhile in (turn.acquire, lambda: runs.write_state(folder, runs.State(runs.FINISHED))):
        answer_at_once(monkeypatch, meanwhile)
        with pytest.raises(RunError, match="no training while a step is measured"):
            duration.measure_step(TINY)
        assert duration.known_step(TINY) is None
        turn.release(force=True)
    answer_at_once(monkeypatch, lambda: None)
    assert duration.measure_step(TINY) == 0.25


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
