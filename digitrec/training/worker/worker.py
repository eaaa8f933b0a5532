"""The worker: it trains the run in a folder, and writes its progress there.

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
from digitrec.training import checkpoints, run_tables, runs, snapshots
from digitrec.training.runs import State
from digitrec.training.snapshots import Snapshot
from digitrec.training.splits import Parts, split_for
from digitrec.training.validation import validation_for

if TYPE_CHECKING:
    from digitrec.training.worker.fitting import Step

log = logging.getLogger("digitrec")

TELL = 0.3  # seconds between two rows of steps.csv
GLANCE = 6.0  # seconds between two snapshots within an epoch
GLANCED = 1000  # validation images in such a snapshot
SHOW_TURN = 1.0  # seconds between two checks whether it is this run's turn
HOPELESS = 1e4  # a loss that no training recovers from; neither does it from NaN
FLAT = 1e-4  # a validation loss that is lower by less counts as no improvement, as in Keras's ReduceLROnPlateau


@dataclass(frozen=True)
class Position:
    """Where a training is, besides the arrays of `Trainer.to_arrays`.

    Attributes
    ----------
    epoch, step : completed epochs, and completed steps of the next one.
    loss, accuracy : running means over those steps.
    best, best_epoch : lowest validation loss so far, and its epoch, from 1.
    patient_from : the epoch from which patience counts.
    waited : epochs since the validation loss or the learning rate was last lowered.
    slower : factor on the learning rate.
    seconds, cpu_seconds : spent so far.
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
    """Somebody asked for the training to stop; what was learned is kept."""


class DivergedError(Exception):
    """The loss has grown beyond all bounds, or is NaN."""


def work(folder: Path) -> int:
    """Train the run in `folder` when it is its turn; returns 0 unless it failed."""
    if not runs.exists(folder):  # deleted meanwhile; taking the lock would create the folder again
        return 1
    try:
        with runs.alive(folder).acquire(timeout=5):
            return _work(folder)
    except Timeout:
        log.warning("Another worker is training %s already.", folder)
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
        _end(folder, runs.FAILED, f"A file could not be read or written: {error.strerror}. Make room, then resume.")
        return 1
    except Exception:  # noqa: BLE001  whatever it is, the page must be told that it ended
        traceback.print_exc()
        _end(folder, runs.FAILED, "An unexpected error; the log has the details. The run can be resumed.")
        return 1
    return 0


def _end(folder: Path, name: str, message: str) -> None:
    try:
        runs.write_state(folder, replace(runs.read_state(folder), name=name, message=message))
    except OSError:
        traceback.print_exc()  # a full disk, or the folder is gone: it cannot be said anywhere else


def _wait_for_turn(folder: Path) -> Any:
    """The lock that lets one run train at a time, once this run holds it."""
    turn = runs.turn()
    while True:
        if runs.is_stop_requested(folder):
            raise StopRequestedError
        try:
            return turn.acquire(timeout=SHOW_TURN)
        except Timeout:
            message = "Another training is under way; this one starts when it has ended."
            runs.write_state(folder, State(runs.WAITING, message=message))


class _Training:
    """A run while it is trained."""

    def __init__(self, folder: Path) -> None:
        runs.write_state(folder, replace(runs.read_state(folder), name=runs.STARTING, message=""))
        # TensorFlow is loaded only now: a run that waits for its turn should not take up memory.
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
        self.glanced = time.perf_counter()
        _write_environment(folder)

    def run(self) -> None:
        """Train to the end, or until somebody asks for one."""
        name, message = runs.FINISHED, ""
        try:
            while self.at.epoch < self.recipe.epochs and not self._has_waited_enough():
                self._learn_an_epoch()
        except StopRequestedError:
            name = runs.STOPPED
            self._keep()
        self._tell(runs.SAVING)
        if self.recipe.patience and self.at.best_epoch and name == runs.FINISHED:
            self._return_to_best()
            message = f"Returned to epoch {self.at.best_epoch}, which had the lowest validation loss."
        results = self._save_model()
        self._tell(name, message, results)

    def _learn_an_epoch(self) -> None:
        epoch, steps, told = self.at.epoch, len(self.trainer.batches), 0.0
        since: list[Step] = []
        with run_tables.adding_steps(self.folder) as add_row:
            for step, took in enumerate(self.trainer.learn(epoch, self.at.step), self.at.step + 1):
                self._count(step, took)
                since.append(took)
                if runs.is_stop_requested(self.folder) and step < steps:
                    raise StopRequestedError
                if time.perf_counter() - told > TELL or step == steps:
                    told = time.perf_counter()
                    loss, accuracy = np.mean([(one.loss, one.accuracy) for one in since], axis=0)
                    add_row(epoch + 1, step, loss, accuracy, epoch + step / steps)
                    since.clear()
                    self._tell(runs.TRAINING)
                if time.perf_counter() - self.glanced > GLANCE and step < steps:
                    snapshots.write_snapshot(self.folder, None, self._look_at(self.validation.images[:GLANCED]))
        self._end_epoch()

    def _count(self, step: int, took: "Step") -> None:
        """Update the running means; a loss without hope ends the training."""
        fraction = took.images / ((step - 1) * self.recipe.batch_size + took.images)  # of all images so far
        loss = self.at.loss + fraction * (took.loss - self.at.loss)
        accuracy = self.at.accuracy + fraction * (took.accuracy - self.at.accuracy)
        self.at = replace(self.at, step=step, loss=loss, accuracy=accuracy)
        if not loss < HOPELESS:
            raise DivergedError(
                f"The loss is {loss:.3g} in epoch {self.at.epoch + 1}, where guessing has 2.3. The learning rate of "
                f"{self.recipe.learning_rate:g} is too high for this network: try a tenth of it."
            )

    def _look_at(self, images: NDArray[np.uint8]) -> Snapshot:
        """A snapshot of the network as it is now."""
        from digitrec.training.worker.network import first_filters  # noqa: PLC0415

        with self.trainer.at_its_best():
            probabilities = self.trainer.read(images)
            filters = first_filters(self.trainer.model)
            drawing = self.trainer.read(self.drawing[None])[0] if self.drawing is not None else np.empty(0, np.float32)
        self.glanced = time.perf_counter()
        return Snapshot(probabilities, filters, drawing)

    def _end_epoch(self) -> None:
        snapshot = self._look_at(self.validation.images)
        loss, accuracy = self.validation.judge(snapshot.probabilities)
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
        self._judge(epoch, loss)
        self.at = replace(self.at, epoch=epoch, step=0, loss=0.0, accuracy=0.0)
        # Before the checkpoint: if only this is written, the epoch is trained again, and its row written again.
        run_tables.write_history(self.folder, self.history)
        self._keep()
        if runs.is_stop_requested(self.folder):
            raise StopRequestedError

    def _judge(self, epoch: int, loss: float) -> None:
        """Remember the best epoch, and reduce the learning rate on a plateau."""
        if loss < self.at.best - FLAT or not self.at.best_epoch:
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

    def _keep(self) -> None:
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
        if self._has_waited_enough():  # early stopping had ended it, and somebody wants more: patience starts again
            self.at = replace(self.at, patient_from=self.at.epoch)

    def _return_to_best(self) -> None:
        self.trainer.from_arrays(checkpoints.read_best(self.folder))

    def _save_model(self) -> dict[str, float]:
        """Write model/ and measure it on the test set."""
        from digitrec.training.worker.saving import save_trained  # noqa: PLC0415

        seconds, _ = self._spent()
        with self.trainer.at_its_best():
            return save_trained(
                self.folder,
                self.trainer.model,
                self.recipe,
                self.parts,
                seconds=seconds,
                history=self.history,
            )

    def _spent(self) -> tuple[float, float]:
        """Seconds by the clock and by the processor, including those of earlier workers of this run."""
        return time.perf_counter() - self.began, time.process_time() - self.cpu_began

    def _tell(self, name: str, message: str = "", results: dict[str, float] | None = None) -> None:
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
