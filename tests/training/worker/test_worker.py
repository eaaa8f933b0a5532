import errno
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from digitrec import load_classifier, load_dataset
from digitrec.datasets.synthetic.samples import sample_number
from digitrec.errors import DataError
from digitrec.ink.drawings import render
from digitrec.ink.strips import to_strip
from digitrec.networks.card import read_card, read_model_file
from digitrec.networks.registry import input_kind
from digitrec.reading.numbers.sequence import load_sequence_reader
from digitrec.training.augmentation import Augmentation
from digitrec.training.published import PUBLISHED
from digitrec.training.recipe import Recipe, change
from digitrec.training.run_folders import processes, run_tables, runs, signals, snapshots
from digitrec.training.run_folders.runs import Run
from digitrec.training.splits import Parts, split_for
from digitrec.training.validation import validation_for
from digitrec.training.worker import worker as at_work
from digitrec.training.worker.worker import work

TINY = Recipe(network="cnn-tiny", source="uci", epochs=3, batch_size=64, seed=5)
# Whatever has dice or a memory: dropout, augmentation, averaged weights.
LONG = change(TINY, epochs=6, batch_size=8, augmentation=Augmentation(), ema_momentum=0.9)
DENSE = change(TINY, network="dense-128", images=600)
CURVES = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


def until(what: Callable[[], Any]) -> Any:
    """Wait as long as pytest lets a test run."""
    while not (found := what()):
        time.sleep(0.02)
    return found


def start(folder: Path) -> subprocess.Popen[bytes]:
    processes.start(folder)
    return processes._STARTED[-1]


def end(folder: Path) -> Run:
    until(lambda: not runs.read_state(folder).is_under_way)
    return runs.read(folder)


def is_within_an_epoch(folder: Path, epoch: int) -> bool:
    state = runs.read_state(folder)
    return state.name == runs.TRAINING and state.epoch >= epoch and 0 < state.step < state.steps


@contextmanager
def caught_within_an_epoch(folder: Path, worker: subprocess.Popen[bytes], epoch: int) -> Iterator[None]:
    while True:
        until(lambda: is_within_an_epoch(folder, epoch))
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        if is_within_an_epoch(folder, epoch):
            break
        worker.send_signal(signal.SIGCONT)
    yield
    worker.send_signal(signal.SIGCONT)


def trained(recipe: Recipe, drawing: np.ndarray | None = None) -> Run:
    folder = runs.create(recipe, drawing)
    assert work(folder) == 0
    return runs.read(folder)


def parts_of(run: Run) -> Parts:
    return split_for(run.recipe, load_dataset(run.recipe.source))


def assert_same_curves(run: Run, other: Run) -> None:
    np.testing.assert_allclose(run.history[CURVES], other.history[CURVES], rtol=1e-3, atol=1e-6)


@dataclass(frozen=True, eq=False)
class Interrupted:
    killed: Run
    stopped_in: int
    stopped: Run
    gone_on: Run


@pytest.fixture(scope="module")
def uninterrupted() -> Run:
    return trained(LONG)


@pytest.fixture(scope="module")
def dense() -> Run:
    return trained(DENSE)


@pytest.fixture(scope="module")
def interrupted() -> Interrupted:
    folder = runs.create(change(LONG, epochs=5))
    worker = start(folder)
    with caught_within_an_epoch(folder, worker, 2):
        worker.kill()
    worker.wait()
    killed = runs.read(folder)
    worker = start(folder)
    with caught_within_an_epoch(folder, worker, 4):
        stopped_in = runs.read_state(folder).epoch
        signals.request_stop(folder)
    stopped = end(folder)
    worker.wait()
    processes.resume(folder, {"epochs": 6})
    gone_on = end(folder)
    processes._STARTED[-1].wait()
    return Interrupted(killed, stopped_in, stopped, gone_on)


@pytest.fixture(scope="module")
def two() -> tuple[Run, Run, list[str]]:
    folders = [runs.create(TINY, np.full((28, 28), 99, np.uint8)), runs.create(change(DENSE, epochs=1))]
    workers = [start(folder) for folder in folders]
    said: list[str] = []
    while any(runs.read(folder).state.is_under_way for folder in folders):
        said += [runs.read_state(folder).message for folder in folders]
        time.sleep(0.1)
    assert [worker.wait() for worker in workers] == [0, 0]
    return runs.read(folders[0]), runs.read(folders[1]), said


def test_two_that_are_started_together_train_one_after_the_other(two: tuple[Run, Run, list[str]]) -> None:
    first, second, said = two
    assert first.state.name == second.state.name == runs.FINISHED
    assert "Another training is under way; this one starts when it has ended." in said
    assert first.state.message == second.state.message == ""


def test_a_run_leaves_a_row_an_epoch_and_rows_within(two: tuple[Run, Run, list[str]]) -> None:
    run = two[0]
    assert run.history["epoch"].tolist() == [1, 2, 3]
    assert tuple(run.history) == run_tables.HISTORY
    assert run.history["loss"].is_monotonic_decreasing
    np.testing.assert_allclose(run.history["learning_rate"], 1e-3, rtol=1e-6)
    assert run.steps["done"].is_monotonic_increasing
    assert {1, 2, 3} <= set(run.steps["done"])
    assert (run.state.epoch, run.state.step, run.state.steps) == (3, 0, 17)
    assert 0 < run.history["seconds"].iloc[-1] <= run.state.seconds
    assert json.loads((run.folder / "environment.json").read_text())["keras"] == keras.__version__


def test_each_epochs_snapshot_is_what_its_row_was_counted_from(two: tuple[Run, Run, list[str]]) -> None:
    run = two[0]
    labels = parts_of(run).validation.labels
    for row in run.history.itertuples():
        snapshot = snapshots.read_snapshot(run.folder, int(row.epoch))
        assert (snapshot.probabilities.argmax(axis=1) == labels).mean() == pytest.approx(row.val_accuracy, abs=0.004)
        own = keras.losses.sparse_categorical_crossentropy(labels, snapshot.probabilities)
        assert float(np.mean(own)) == pytest.approx(row.val_loss, rel=5e-3)
        assert snapshot.filters.ndim == 3
        assert snapshot.drawing.sum() == pytest.approx(1, abs=1e-3)
    assert snapshots.read_snapshot(run.folder, 4) is None
    drawing = snapshots.read_drawing(run.folder)
    read = load_classifier(run.folder / "model").predict_proba(drawing[None])
    np.testing.assert_allclose(snapshot.drawing, read[0], atol=1e-4)


def test_the_model_of_a_run_reads_as_its_results_say(two: tuple[Run, Run, list[str]]) -> None:
    for run in two[:2]:
        test, classifier = parts_of(run).test, load_classifier(run.folder / "model")
        right = classifier.predict_proba(test.images).argmax(axis=1) == test.labels
        assert right.mean() == run.state.results["test_accuracy"] > 0.5
        assert run.state.results["test_images"] == len(test) == 450
        card = read_card(run.folder / "model")
        assert (card.name, card.measured[0].value) == (run.name, right.mean())
        assert set(card.files) == {"model.keras", "model.tflite", "model.safetensors"}
        for name in card.files:
            read_model_file(run.folder / "model", name, card)


def test_the_model_has_the_averaged_weights(uninterrupted: Run) -> None:
    read = load_classifier(uninterrupted.folder / "model").predict_proba(parts_of(uninterrupted).validation.images)
    np.testing.assert_allclose(read, snapshots.read_snapshot(uninterrupted.folder, 6).probabilities, atol=1e-3)


def test_one_that_is_killed_is_told_to_have_died_and_keeps_its_epochs(interrupted: Interrupted) -> None:
    killed = interrupted.killed
    assert killed.state.name == runs.DIED
    assert 0 < len(killed.history) < 5
    assert killed.steps["done"].iloc[-1] % 1 != 0


def test_one_that_was_killed_goes_on_as_if_it_had_not_been(interrupted: Interrupted, uninterrupted: Run) -> None:
    assert len(interrupted.stopped.history) > len(interrupted.killed.history)
    assert interrupted.gone_on.state.name == runs.FINISHED
    assert interrupted.gone_on.history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert_same_curves(interrupted.gone_on, uninterrupted)
    test = parts_of(uninterrupted).test.images
    one, other = (load_classifier(run.folder / "model") for run in (interrupted.gone_on, uninterrupted))
    np.testing.assert_allclose(one.predict_proba(test), other.predict_proba(test), atol=5e-3)


def test_what_was_learned_when_it_was_stopped_is_kept_at_once(interrupted: Interrupted) -> None:
    stopped = interrupted.stopped
    assert stopped.state.name == runs.STOPPED
    # At once, or, where it was asked at the last step but one, when that epoch has ended.
    assert len(stopped.history) in (interrupted.stopped_in - 1, interrupted.stopped_in)
    assert stopped.has_model
    assert stopped.state.results["test_accuracy"] > 0.5


def test_time_is_counted_over_all_workers(interrupted: Interrupted) -> None:
    assert interrupted.gone_on.history["seconds"].is_monotonic_increasing
    assert interrupted.stopped.state.seconds < interrupted.gone_on.state.seconds
    assert 0 < interrupted.stopped.state.cpu_seconds < interrupted.gone_on.state.cpu_seconds


def test_steps_are_told_once_also_by_one_that_was_killed(interrupted: Interrupted) -> None:
    assert interrupted.gone_on.steps["done"].is_monotonic_increasing
    assert interrupted.gone_on.steps["done"].is_unique


def test_a_worker_whose_folder_is_deleted_ends_and_leaves_nothing() -> None:
    folder = runs.create(change(LONG, epochs=1000))
    worker = start(folder)
    until(lambda: is_within_an_epoch(folder, 1))
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    worker.wait()
    assert not folder.exists()


def test_one_that_is_to_stop_before_it_began_says_so() -> None:
    folder = runs.create(TINY)
    signals.request_stop(folder)
    assert work(folder) == 0
    assert runs.read_state(folder).name == runs.STOPPED
    assert not (folder / "checkpoint.npz").exists()


def test_a_learning_rate_that_is_too_high_is_told() -> None:
    folder = runs.create(change(DENSE, optimiser="sgd", learning_rate=1e6))
    assert work(folder) == 1
    state = runs.read_state(folder)
    assert state.name == runs.FAILED
    assert "random guessing has 2.3" in state.message
    assert "learning rate of 1e+06" in state.message
    assert not runs.read(folder).has_model


def test_data_that_is_not_there_is_told_as_everywhere() -> None:
    folder = runs.create(change(TINY, source="nowhere"))
    assert work(folder) == 1
    with pytest.raises(DataError) as caught:
        load_dataset("nowhere")
    assert (runs.read_state(folder).name, runs.read_state(folder).message) == (runs.FAILED, str(caught.value))


def test_too_few_images_are_told() -> None:
    folder = runs.create(change(TINY, images=20))
    assert work(folder) == 1
    assert "batch size of at most the 16 training images" in runs.read_state(folder).message


def full(*arguments: Any, **more: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("digitrec.training.run_folders.snapshots.replace_arrays", id="snapshot"),
        pytest.param("digitrec.training.run_folders.checkpoints.replace_arrays", id="checkpoint"),
        pytest.param("digitrec.training.run_folders.run_tables.write_table", id="history"),
    ],
)
def test_a_full_disk_is_told_and_a_run_goes_on_when_there_is_room(
    what: str, dense: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = runs.create(DENSE)
    module, name = what.rsplit(".", 1)
    whole = getattr(__import__(module, fromlist=[name]), name)

    def fail_in_the_second_epoch(*arguments: Any, **more: Any) -> None:
        (full if len(runs.read(folder).history) else whole)(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(what, fail_in_the_second_epoch)
        assert work(folder) == 1
    failed = runs.read(folder)
    assert failed.state.name == runs.FAILED
    assert "No space left on device" in failed.state.message
    assert failed.history["epoch"].tolist() == [1]
    assert work(folder) == 0
    again = runs.read(folder)
    assert again.state.name == runs.FINISHED
    assert again.history["epoch"].tolist() == [1, 2, 3]
    assert_same_curves(again, dense)


def test_patience_ends_a_run_and_returns_to_its_best_epoch() -> None:
    run = trained(change(DENSE, learning_rate=0.1, patience=2, epochs=40))
    best = int(run.history["val_loss"].idxmin()) + 1
    assert len(run.history) == best + 2 < 40
    assert run.state.message == f"Returned to epoch {best}, which had the lowest validation loss."
    read = load_classifier(run.folder / "model").predict_proba(parts_of(run).validation.images)
    np.testing.assert_allclose(read, snapshots.read_snapshot(run.folder, best).probabilities, atol=1e-3)


def test_a_plateau_slows_down_as_keras_own_callback_does() -> None:
    run = trained(change(DENSE, learning_rate=0.1, reduce_lr_patience=2, epochs=12))
    keras_own = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    keras_own.set_model(model)
    keras_own.on_train_begin()
    rates = []
    for epoch, loss in enumerate(run.history["val_loss"]):
        rates.append(float(model.optimizer.learning_rate))
        keras_own.on_epoch_end(epoch, {"val_loss": loss})
    assert min(rates) < 0.1
    pd.testing.assert_series_equal(run.history["learning_rate"], pd.Series(rates), check_names=False)


@pytest.mark.parametrize(
    "scaling",
    [
        "raw",
        "standardised",
        pytest.param("unit-norm"),
    ],
)
def test_the_model_reads_as_the_network_did_with_every_scaling(scaling: str) -> None:
    run = trained(change(DENSE, scaling=scaling, epochs=1))
    read = load_classifier(run.folder / "model").predict_proba(parts_of(run).validation.images)
    np.testing.assert_allclose(read, snapshots.read_snapshot(run.folder, 1).probabilities, atol=1e-3)


def test_looking_at_it_within_an_epoch_changes_nothing(uninterrupted: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[int | None, int]] = []
    write = snapshots.write_snapshot

    def remember(folder: Path, epoch: int | None, snapshot: snapshots.Snapshot) -> None:
        looks.append((epoch, len(snapshot.probabilities)))
        write(folder, epoch, snapshot)
        assert snapshots.read_snapshot(folder, epoch) is not None

    monkeypatch.setattr(at_work, "SNAPSHOT_INTERVAL", 0.2)
    monkeypatch.setattr(at_work, "SNAPSHOT_IMAGES", 50)
    monkeypatch.setattr(snapshots, "write_snapshot", remember)
    run = trained(LONG)
    assert_same_curves(run, uninterrupted)
    validation = len(parts_of(run).validation)
    assert (None, 50) in looks
    assert [look for look in looks if look[0] is not None] == [(epoch, validation) for epoch in range(1, 7)]
    assert not snapshots.snapshot_path(run.folder, None).exists()


def test_one_that_is_stopped_before_its_first_row_can_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path))
    folder = runs.create(change(TINY, epochs=2))
    asked = iter([False, *[True] * 99])  # nobody asks before its turn, and somebody in its first step
    monkeypatch.setattr(at_work.signals, "is_stop_requested", lambda _: next(asked))
    assert work(folder) == 0
    run = runs.read(folder)
    assert (run.state.name, len(run.steps), len(run.history)) == (runs.STOPPED, 0, 0)
    monkeypatch.undo()
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path))
    assert work(folder) == 0
    run = runs.read(folder)
    assert (run.state.name, len(run.history)) == (runs.FINISHED, 2)
    assert list(run.steps.columns) == list(run_tables.STEPS)
    assert run.steps["done"].iloc[-1] == 2


# A network that reads numbers


NUMBERS = change(PUBLISHED["digitrec-numbers"], source="uci", by_writer=False, images=120, batch_size=40, epochs=2)


@pytest.fixture
def few_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digitrec.training.validation.NUMBERS", 30)
    monkeypatch.setattr("digitrec.training.worker.saving.TEST_NUMBERS", 40)


@pytest.mark.usefixtures("few_numbers")
def test_a_network_for_numbers_is_trained_stopped_and_gone_on_with_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strip = to_strip(own_number()).image
    whole = trained(NUMBERS, strip)
    assert whole.state.name == runs.FINISHED
    assert whole.state.results is not None
    assert whole.state.results["test_images"] == 40
    last = snapshots.read_snapshot(whole.folder, 2)
    assert last is not None
    assert last.probabilities.shape == (30, 64, 11)
    assert last.drawing.shape == (64, 11)
    validation = validation_for(NUMBERS, parts_of(whole).validation)
    loss, accuracy = validation.evaluate(last.probabilities)  # kept as float16
    assert whole.history["val_loss"].iloc[-1] == pytest.approx(loss, rel=1e-2)
    assert whole.history["val_accuracy"].iloc[-1] == pytest.approx(accuracy)
    reader = load_sequence_reader(whole.folder / "model")
    np.testing.assert_allclose(reader.predict_proba(validation.images), last.probabilities, atol=5e-3)
    assert input_kind(whole.folder / "model") == "number"
    assert "numbers of 1 to 8 digits" in read_card(whole.folder / "model").measured[0].what.lower()
    again = runs.create(NUMBERS, strip)
    asked = iter([False] * 5)  # until the first step of the second epoch
    with monkeypatch.context() as soon:
        soon.setattr(signals, "is_stop_requested", lambda _: next(asked, True))
        assert work(again) == 0
    assert runs.read_state(again).name == runs.STOPPED
    assert work(again) == 0
    assert_same_curves(runs.read(again), whole)


def own_number() -> np.ndarray:
    return render(sample_number((), np.random.default_rng(0)).drawing)
