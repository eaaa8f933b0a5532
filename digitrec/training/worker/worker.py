"""The worker: trains what a run folder asks for, and writes there how it goes.

recipe.json -> data -> `Trainer` -> a row of steps.csv, of history.csv, a snapshot, a checkpoint -> model/

A checkpoint is written after each epoch and on stopping. It holds whatever the next step depends on, so a run that was
killed goes on as if it had not been.
"""

import json
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
from digitrec.errors import DigitrecError, RunError
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.storage import DAMAGED, read_arrays, replace_arrays, replace_file
from digitrec.training import runs, snapshots
from digitrec.training.runs import State
from digitrec.training.snapshots import Snapshot
from digitrec.training.splits import Parts, split_for
from digitrec.training.validation import validation_for

if TYPE_CHECKING:
    from digitrec.training.worker.fitting import Step

log = logging.getLogger("digitrec")

TELL = 0.3  # seconds between two lines in steps.csv
GLANCE = 6.0  # seconds between two looks at what it reads within an epoch
GLANCED = 1000  # validation images that it reads for that
SHOW_TURN = 1.0  # seconds between two looks whether it is this run's turn
HOPELESS = 1e4  # a loss from which nothing comes back, or no number at all
FLAT = 1e-4  # a validation loss that is lower by less is no better, as Keras's ReduceLROnPlateau has it


@dataclass(frozen=True)
class Position:
    """Where a training is, beside the arrays of `Trainer.to_arrays`.

    Attributes
    ----------
    epoch, step : epochs done, and steps done of the one after.
    loss, accuracy : running means over those steps.
    best, best_epoch : lowest validation loss, and the epoch, from 1, that had it.
    patient_from : the epoch from which patience counts.
    waited : epochs since the learning rate was lowered or the loss was.
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
    """Somebody asked for an end; what was learned is kept."""


class DivergedError(Exception):
    """The loss is no number any more."""


def work(folder: Path) -> int:
    """Train the run in `folder` when it is its turn; 0 where it ended as it should."""
    if not (folder / "recipe.json").is_file():  # deleted already; the lock would make the folder again
        return 1
    try:
        with runs.alive(folder).acquire(timeout=5):
            return _work(folder)
    except Timeout:
        log.warning("Another worker is at %s already.", folder)
        return 1


def _work(folder: Path) -> int:
    try:
        with _wait_for_turn(folder):
            _Training(folder).run()
    except StopRequestedError:
        _end(folder, runs.STOPPED, "Stopped before it began.")
    except (DigitrecError, DivergedError) as error:
        _end(folder, runs.FAILED, str(error))
        return 1
    except MemoryError:
        _end(folder, runs.FAILED, "There was not enough memory. Choose a smaller batch or network; it can go on.")
        return 1
    except OSError as error:
        traceback.print_exc()
        _end(folder, runs.FAILED, f"A file could not be read or written: {error.strerror}. Make room; it can go on.")
        return 1
    except Exception:  # noqa: BLE001  whatever it is, the page must learn that it ended
        traceback.print_exc()
        _end(folder, runs.FAILED, "Something went wrong that should not; its log has the details. It can go on.")
        return 1
    return 0


def _end(folder: Path, name: str, message: str) -> None:
    try:
        runs.write_state(folder, replace(runs.read_state(folder), name=name, message=message))
    except OSError:
        traceback.print_exc()  # a full disk, or the folder is gone: there is nobody to tell


def _wait_for_turn(folder: Path) -> Any:
    """The lock under which one run trains at a time, once it is held."""
    turn = runs.turn()
    while True:
        if runs.is_stop_requested(folder):
            raise StopRequestedError
        try:
            return turn.acquire(timeout=SHOW_TURN)
        except Timeout:
            message = "Another training is under way; this one begins when that has ended."
            runs.write_state(folder, State(runs.WAITING, message=message))


class _Training:
    """One run, from its folder and back into it."""

    def __init__(self, folder: Path) -> None:
        runs.write_state(folder, replace(runs.read_state(folder), name=runs.STARTING, message=""))
        # TensorFlow is loaded only now: a run that waits for its turn should not fill the memory.
        from digitrec.training.worker.fitting import Trainer  # noqa: PLC0415
        from digitrec.training.worker.minibatches import ComposedNumbers, TrainingSet, to_targets  # noqa: PLC0415

        self.folder, self.recipe = folder, runs.read(folder).recipe
        self.parts: Parts = split_for(self.recipe, load_dataset(self.recipe.source))
        train = self.parts.train
        reads_numbers = ARCHITECTURES[self.recipe.network].reads == "number"
        lesson = ComposedNumbers(train) if reads_numbers else TrainingSet(train.images, to_targets(train.labels))
        self.trainer = Trainer(self.recipe, lesson)
        self.validation = validation_for(self.recipe, self.parts.validation)
        self.at = Position()
        self.history: list[dict[Any, Any]] = runs.read_table(folder / "history.csv", runs.HISTORY).to_dict("records")
        self.drawing = snapshots.read_drawing(folder, ARCHITECTURES[self.recipe.network].width)
        self._restore()
        self.history = self.history[: self.at.epoch]
        self._forget_later_steps()
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
        epoch, first = self.at.epoch, self.at.step
        steps, told = len(self.trainer.batches), 0.0
        since: list[Step] = []
        with (self.folder / "steps.csv").open("a", encoding="utf-8") as lines:
            if lines.tell() == 0:
                lines.write(",".join(runs.STEPS) + "\n")
            for step, took in enumerate(self.trainer.learn(epoch, first), first + 1):
                share = took.images / ((step - 1) * self.recipe.batch + took.images)  # of all images so far
                loss = self.at.loss + share * (took.loss - self.at.loss)
                accuracy = self.at.accuracy + share * (took.accuracy - self.at.accuracy)
                self.at = replace(self.at, step=step, loss=loss, accuracy=accuracy)
                since.append(took)
                if not loss < HOPELESS:
                    raise DivergedError(
                        f"The loss is {loss:.3g} in epoch {epoch + 1}, where a guess has 2.3. The learning rate of "
                        f"{self.recipe.learning_rate:g} is too high for this network: try a tenth of it."
                    )
                if runs.is_stop_requested(self.folder) and step < steps:
                    raise StopRequestedError
                if time.perf_counter() - told > TELL or step == steps:
                    told = time.perf_counter()
                    means = np.mean([(one.loss, one.accuracy) for one in since], axis=0)
                    lines.write(f"{epoch + 1},{step},{means[0]:.6g},{means[1]:.6g},{epoch + step / steps:.6g}\n")
                    lines.flush()
                    since.clear()
                    self._tell(runs.TRAINING)
                if time.perf_counter() - self.glanced > GLANCE and step < steps:
                    snapshots.write_snapshot(self.folder, None, self._look_at(self.validation.images[:GLANCED]))
        self._end_epoch()

    def _look_at(self, images: NDArray[np.uint8]) -> Snapshot:
        """What the network is like now."""
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
        snapshots.snapshot_path(self.folder, None).unlink(missing_ok=True)
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
        # Before the checkpoint: if only this one was written, the epoch is learned again, and its row made anew.
        runs.write_table(self.folder / "history.csv", self.history, runs.HISTORY)
        self._keep()
        if runs.is_stop_requested(self.folder):
            raise StopRequestedError

    def _judge(self, epoch: int, loss: float) -> None:
        """Remember the best epoch, and slow down on a plateau."""
        if loss < self.at.best - FLAT or not self.at.best_epoch:
            self.at = replace(self.at, best=loss, best_epoch=epoch, patient_from=epoch, waited=0)
            if self.recipe.patience:
                replace_arrays(self.folder / "best.npz", **self.trainer.to_arrays())
            return
        self.at = replace(self.at, waited=self.at.waited + 1)
        if self.recipe.plateau and self.at.waited >= self.recipe.plateau:
            self.at = replace(self.at, waited=0, slower=self.at.slower / 2)
            self.trainer.slower = self.at.slower

    def _has_waited_enough(self) -> bool:
        return bool(self.recipe.patience) and self.at.epoch - self.at.patient_from >= self.recipe.patience

    def _keep(self) -> None:
        """Write the checkpoint, all of it in one file."""
        seconds, cpu_seconds = self._spent()
        self.at = replace(self.at, seconds=seconds, cpu_seconds=cpu_seconds)
        arrays = self.trainer.to_arrays()
        replace_arrays(self.folder / "checkpoint.npz", position=np.array(json.dumps(asdict(self.at))), **arrays)

    def _restore(self) -> None:
        try:
            arrays = read_arrays(self.folder / "checkpoint.npz")
        except FileNotFoundError:
            return
        except DAMAGED:
            raise RunError(
                "Expected a checkpoint to go on from. Received: a damaged one. Start a new training with this recipe."
            ) from None
        self.at = Position(**json.loads(str(arrays.pop("position"))))
        self.trainer.from_arrays(arrays)
        self.trainer.slower = self.at.slower
        if self._has_waited_enough():  # and yet somebody asks for more: patience begins anew
            self.at = replace(self.at, patient_from=self.at.epoch)

    def _forget_later_steps(self) -> None:
        """Leave out of steps.csv what will be learned again."""
        path = self.folder / "steps.csv"
        steps = runs.read_table(path, runs.STEPS)
        done = self.at.epoch + self.at.step / len(self.trainer.batches)
        if path.exists():
            runs.write_table(path, steps[steps["done"] <= done + 1e-6].to_dict("records"), runs.STEPS)

    def _return_to_best(self) -> None:
        self.trainer.from_arrays(read_arrays(self.folder / "best.npz"))

    def _save_model(self) -> dict[str, float]:
        """Write model/ and measure what is in it on the test part."""
        from digitrec.training.worker.saving import save_trained  # noqa: PLC0415

        seconds, _ = self._spent()
        with self.trainer.at_its_best():
            return save_trained(
                self.folder, self.trainer.model, self.recipe, self.parts, seconds=seconds, history=self.history
            )

    def _spent(self) -> tuple[float, float]:
        """Seconds by the clock and by the processor, those of earlier workers of this run too."""
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

    replace_file(folder / "environment.json", json.dumps(describe_environment(), indent=2))
