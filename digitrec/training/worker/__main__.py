"""The worker process of a run: `python -m digitrec.training.worker FOLDER`, or `--wait` to read the folder from stdin.

A waiting worker has already loaded TensorFlow and taken a first step, so that a run starts seconds sooner. It exits
after ten minutes without a run, or when the app that started it has exited.
"""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # without TensorFlow's start-up messages

import numpy as np

from digitrec.ink.preprocessing import SIDE
from digitrec.training.published import recipe_for
from digitrec.training.run_folders import runs
from digitrec.training.worker.worker import work

WAIT_TIMEOUT = 600.0  # seconds
NICE = 5  # of 0 to 19; gives the app about three times the CPU time of a worker


def wait_for_work() -> int:
    """With `--wait`: load what training needs, then train the run whose folder is given as a line on stdin."""
    _warm_up()
    timeout = threading.Timer(WAIT_TIMEOUT, os._exit, [0])
    timeout.daemon = True
    timeout.start()
    line = sys.stdin.readline().rstrip("\n")
    timeout.cancel()
    if not line:
        return 0
    with runs.open_run_log(Path(line)) as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())
    return work(Path(line))


def _warm_up() -> None:
    """Load what training needs, and take a step on blank images, because TensorFlow's first step is slow."""
    import digitrec.training.worker.saving  # noqa: F401, PLC0415
    from digitrec.training.worker.fitting import Trainer  # noqa: PLC0415
    from digitrec.training.worker.minibatches import TrainingSet, to_targets  # noqa: PLC0415

    recipe = recipe_for("cnn-three-blocks")
    images, labels = np.zeros((recipe.batch_size, SIDE, SIDE), np.uint8), np.zeros(recipe.batch_size, np.uint8)
    for _ in Trainer(recipe, TrainingSet(images, to_targets(labels))).train_epoch(0):
        pass


def _lower_priority() -> None:
    """Lower the priority of this process, so that the app stays responsive during a training."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with suppress(OSError):  # Linux may schedule by session, and then niceness only applies within the session
        Path("/proc/self/autogroup").write_text(str(NICE))


if __name__ == "__main__":
    _lower_priority()
    sys.exit(wait_for_work() if sys.argv[1] == "--wait" else work(Path(sys.argv[1])))
