"""The worker: trains the run in a folder, and writes its progress there.

recipe -> data -> `Trainer` -> rows of the learning curves, a snapshot and a checkpoint per epoch -> model/
"""

import logging
import math
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from digitrec.datasets import load_dataset
from digitrec.errors import DigitrecError
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.run_folders import checkpoints, run_tables, runs, signals, snapshots
from digitrec.training.run_folders.runs import State
from digitrec.training.run_folders.snapshots import Snapshot
from digitrec.training.splits import Parts, split_for
from digitrec.training.validation import validation_for

if TYPE_CHECKING:
    from digitrec.training.worker.fitting import Step

log = logging.getLogger("digitrec")

REPORT_INTERVAL = 0.3  # seconds between two rows of steps.csv
SNAPSHOT_INTERVAL = 6.0  # seconds between two snapshots within an epoch
SNAPSHOT_IMAGES = 1000  # validation images in such a snapshot
TURN_INTERVAL = 1.0  # seconds between two checks whether it is this run's turn
DIVERGED = 1e4  # a loss from which training does not recover; NaN counts as diverged, too
MIN_DELTA = 1e-4  # the smallest decrease of the validation loss that is an improvement, as in ReduceLROnPlateau


@dataclass(frozen=True)
class Position:
    """The progress of a training: its state, apart from the arrays of `Trainer.to_arrays`.

    Attributes
    ----------
    epoch, step : completed epochs, and completed steps of the next one.
    loss, accuracy : running means over those steps.
    best, best_epoch : lowest validation loss so far, and its epoch, counted from 1.
    patient_from : the epoch from which patience counts.
    waited : epochs since the validation loss or the learning rate last decreased.
    slower : factor on the learning rate.
    seconds, cpu_seconds : wall-clock time and CPU time so far.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    accuracy: float = 0.0
    best: float = math.inf
    best_epoch: int = 0
    patient_from: int = 0
    waited: int = 0
    slower: float = 1.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class StopRequestedError(Exception):
    """The user has requested a stop; the trained weights are kept."""


class DivergedError(Exception):
    """The loss exceeds `DIVERGED`, or is NaN."""


def work(folder: Path) -> int:
    """Train the run in `folder` when it is its turn; returns 0, or 1 if it failed."""
    if not runs.exists(folder):  # deleted meanwhile; taking the lock would create the folder again
        return 1
    try:
        with runs.run_lock(folder).acquire(timeout=5):
            return _work(folder)
    except Timeout:
        log.warning("Another worker is already training %s.", folder)
        return 1


def _work(folder: Path) -> int:
    try:
        with _wait_for_turn(folder):
            _Training(folder).run()
    except StopRequestedError:
        _end(folder, runs.STOPPED, "Stopped before it started.")
    except (DigitrecError, DivergedError) as error:
        _end(folder, runs.FAILED, str(error))
        return 1
    except MemoryError:
        _end(folder, runs.FAILED, "There was not enough memory. Choose a smaller batch size or network.")
        return 1
    except OSError as error:
        traceback.print_exc()
        _end(
            folder,
            runs.FAILED,
            f"A file could not be read or written: {error.strerror}. Free some disk space, then resume.",
        )
        return 1
    except Exception:  # noqa: BLE001  the page has to show that the run has ended
        traceback.print_exc()
        _end(folder, runs.FAILED, "An unexpected error; the log has the details. The run can be resumed.")
        return 1
    return 0


def _end(folder: Path, name: str, message: str) -> None:
    try:
        runs.write_state(folder, replace(runs.read_state(folder), name=name, message=message))
    except OSError:
        traceback.print_exc()  # the disk is full, or the folder was deleted: only the log can report it


def _wait_for_turn(folder: Path) -> Any:
    """Wait for the lock that lets only one run train at a time; returns the lock, acquired."""
    turn = signals.training_lock()
    while True:
        if signals.is_stop_requested(folder):
            raise StopRequestedError
        try:
            return turn.acquire(timeout=TURN_INTERVAL)
        except Timeout:
            message = "Another training is under way; this one starts when it has ended."
            runs.write_state(folder, State(runs.WAITING, message=message))


class _Training:
    """A run in training."""

    def __init__(self, folder: Path) -> None:
        runs.write_state(folder, replace(runs.read_state(folder), name=runs.STARTING, message=""))
        # TensorFlow is only loaded now, so that a waiting run uses little memory.
        from digitrec.training.worker.fitting import Trainer  # noqa: PLC0415
        from digitrec.training.worker.minibatches import ComposedNumbers, TrainingSet, to_targets  # noqa: PLC0415

        self.folder, self.recipe = folder, runs.read(folder).recipe
        self.parts: Parts = split_for(self.recipe, load_dataset(self.recipe.source))
        train = self.parts.train
        reads_numbers = ARCHITECTURES[self.recipe.network].reads == "number"
        images = ComposedNumbers(train) if reads_numbers else TrainingSet(train.images, to_targets(train.labels))
        self.trainer = Trainer(self.recipe, images)
        self.validation = validation_for(self.recipe, self.parts.validation)
        self.at = Position()
        self.history: list[dict[Any, Any]] = run_tables.read_history(folder).to_dict("records")
        self.drawing = snapshots.read_drawing(folder, ARCHITECTURES[self.recipe.network].width)
        self._restore()
        self.history = self.history[: self.at.epoch]
        run_tables.drop_steps_after(folder, self.at.epoch + self.at.step / len(self.trainer.batches))
        self.began, self.cpu_began = time.perf_counter() - self.at.seconds, time.process_time() - self.at.cpu_seconds
        self.last_snapshot = time.perf_counter()
        _write_environment(folder)

    def run(self) -> None:
        """Train to the end, or until a stop is requested."""
        name, message = runs.FINISHED, ""
        try:
            while self.at.epoch < self.recipe.epochs and not self._has_waited_enough():
                self._train_epoch()
        except StopRequestedError:
            name = runs.STOPPED
            self._write_checkpoint()
        self._report(runs.SAVING)
        if self.recipe.patience and self.at.best_epoch and name == runs.FINISHED:
            self._return_to_best()
            message = f"Returned to epoch {self.at.best_epoch}, which had the lowest validation loss."
        results = self._save_model()
        self._report(name, message, results)

    def _train_epoch(self) -> None:
        epoch, steps, reported = self.at.epoch, len(self.trainer.batches), 0.0
        since: list[Step] = []
        with run_tables.adding_steps(self.folder) as add_row:
            for step, took in enumerate(self.trainer.train_epoch(epoch, self.at.step), self.at.step + 1):
                self._count(step, took)
                since.append(took)
                if signals.is_stop_requested(self.folder) and step < steps:
                    raise StopRequestedError
                if time.perf_counter() - reported > REPORT_INTERVAL or step == steps:
                    reported = time.perf_counter()
                    loss, accuracy = np.mean([(one.loss, one.accuracy) for one in since], axis=0)
                    add_row(epoch + 1, step, loss, accuracy, epoch + step / steps)
                    since.clear()
                    self._report(runs.TRAINING)
                if time.perf_counter() - self.last_snapshot > SNAPSHOT_INTERVAL and step < steps:
                    snapshots.write_snapshot(
                        self.folder, None, self._take_snapshot(self.validation.images[:SNAPSHOT_IMAGES])
                    )
        self._end_epoch()

    def _count(self, step: int, took: "Step") -> None:
        """Update the running means; a diverged loss ends the training."""
        fraction = took.images / ((step - 1) * self.recipe.batch_size + took.images)  # of all images so far
        loss = self.at.loss + fraction * (took.loss - self.at.loss)
        accuracy = self.at.accuracy + fraction * (took.accuracy - self.at.accuracy)
        self.at = replace(self.at, step=step, loss=loss, accuracy=accuracy)
        if not loss < DIVERGED:
            raise DivergedError(
                f"The loss is {loss:.3g} in epoch {self.at.epoch + 1}; random guessing has 2.3. The learning rate of "
                f"{self.recipe.learning_rate:g} is too high for this network: try a tenth of it."
            )

    def _take_snapshot(self, images: NDArray[np.uint8]) -> Snapshot:
        """Make a snapshot of the current network."""
        from digitrec.training.worker.network import first_filters  # noqa: PLC0415

        with self.trainer.averaged_weights():
            probabilities = self.trainer.read(images)
            filters = first_filters(self.trainer.model)
            drawing = self.trainer.read(self.drawing[None])[0] if self.drawing is not None else np.empty(0, np.float32)
        self.last_snapshot = time.perf_counter()
        return Snapshot(probabilities, filters, drawing)

    def _end_epoch(self) -> None:
        snapshot = self._take_snapshot(self.validation.images)
        loss, accuracy = self.validation.evaluate(snapshot.probabilities)
        epoch = self.at.epoch + 1
        snapshots.write_snapshot(self.folder, epoch, snapshot)
        snapshots.drop_current(self.folder)
        self.history.append(
            {
                "epoch": epoch,
                "loss": self.at.loss,
                "accuracy": self.at.accuracy,
                "val_loss": loss,
                "val_accuracy": accuracy,
                "learning_rate": float(self.trainer.model.optimizer.learning_rate),
                "seconds": time.perf_counter() - self.began,
            }
        )
        self._update_best(epoch, loss)
        self.at = replace(self.at, epoch=epoch, step=0, loss=0.0, accuracy=0.0)
        # Before the checkpoint: if only this is written, the epoch is trained and its row written again.
        run_tables.write_history(self.folder, self.history)
        self._write_checkpoint()
        if signals.is_stop_requested(self.folder):
            raise StopRequestedError

    def _update_best(self, epoch: int, loss: float) -> None:
        """Remember the best epoch, and reduce the learning rate on a plateau."""
        if loss < self.at.best - MIN_DELTA or not self.at.best_epoch:
            self.at = replace(self.at, best=loss, best_epoch=epoch, patient_from=epoch, waited=0)
            if self.recipe.patience:
                checkpoints.write_best(self.folder, self.trainer.to_arrays())
            return
        self.at = replace(self.at, waited=self.at.waited + 1)
        if self.recipe.reduce_lr_patience and self.at.waited >= self.recipe.reduce_lr_patience:
            self.at = replace(self.at, waited=0, slower=self.at.slower / 2)
            self.trainer.slower = self.at.slower

    def _has_waited_enough(self) -> bool:
        return bool(self.recipe.patience) and self.at.epoch - self.at.patient_from >= self.recipe.patience

    def _write_checkpoint(self) -> None:
        """Write the checkpoint."""
        seconds, cpu_seconds = self._spent()
        self.at = replace(self.at, seconds=seconds, cpu_seconds=cpu_seconds)
        checkpoints.write_checkpoint(self.folder, asdict(self.at), self.trainer.to_arrays())

    def _restore(self) -> None:
        kept = checkpoints.read_checkpoint(self.folder)
        if kept is None:
            return
        position, arrays = kept
        self.at = Position(**position)
        self.trainer.from_arrays(arrays)
        self.trainer.slower = self.at.slower
        if self._has_waited_enough():  # resumed after early stopping: patience starts again
            self.at = replace(self.at, patient_from=self.at.epoch)

    def _return_to_best(self) -> None:
        self.trainer.from_arrays(checkpoints.read_best(self.folder))

    def _save_model(self) -> dict[str, float]:
        """Write model/ and evaluate it on the test set."""
        from digitrec.training.worker.saving import save_trained  # noqa: PLC0415

        seconds, _ = self._spent()
        with self.trainer.averaged_weights():
            return save_trained(
                self.folder,
                self.trainer.model,
                self.recipe,
                self.parts,
                seconds=seconds,
                history=self.history,
            )

    def _spent(self) -> tuple[float, float]:
        """Wall-clock time and CPU time in seconds, including earlier workers of this run."""
        return time.perf_counter() - self.began, time.process_time() - self.cpu_began

    def _report(self, name: str, message: str = "", results: dict[str, float] | None = None) -> None:
        state = State(
            name,
            min(self.at.epoch + 1, self.recipe.epochs),
            self.at.step,
            len(self.trainer.batches),
            message,
            0.0,
            *self._spent(),
            results,
        )
        runs.write_state(self.folder, state)


def _write_environment(folder: Path) -> None:
    from digitrec.training.worker.saving import describe_environment  # noqa: PLC0415

    runs.write_environment(folder, describe_environment())
