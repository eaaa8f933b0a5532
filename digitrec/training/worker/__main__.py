"""The worker process of a run: `python -m digitrec.training.worker FOLDER`, or `--wait` to get the folder on stdin.

A waiting worker has loaded TensorFlow and taken a first step already, so that a run starts seconds sooner. It ends when
it is not needed for ten minutes, or when the app that started it has ended.
"""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of text

import numpy as np

from digitrec.ink.preprocessing import SIDE
from digitrec.training import runs
from digitrec.training.published import recipe_for
from digitrec.training.worker.worker import work

PATIENCE = 600.0  # seconds
NICE = 5  # of 0 to 19: the app that people draw in gets three times as much of the processor


def wait_for_work() -> int:
    """Load what training needs, then train the run whose folder comes as a line on stdin."""
    _rehearse()
    impatience = threading.Timer(PATIENCE, os._exit, [0])
    impatience.daemon = True
    impatience.start()
    line = sys.stdin.readline().rstrip("\n")
    impatience.cancel()
    if not line:
        return 0
    with runs.open_log(Path(line)) as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())
    return work(Path(line))


def _rehearse() -> None:
    """Load all that training needs, and take a step on blank images: the first step of TensorFlow is slow."""
    import digitrec.training.worker.saving  # noqa: F401, PLC0415
    from digitrec.training.worker.fitting import Trainer  # noqa: PLC0415
    from digitrec.training.worker.minibatches import TrainingSet, to_targets  # noqa: PLC0415

    recipe = recipe_for("cnn-three-blocks")
    images, labels = np.zeros((recipe.batch_size, SIDE, SIDE), np.uint8), np.zeros(recipe.batch_size, np.uint8)
    for _ in Trainer(recipe, TrainingSet(images, to_targets(labels))).learn(0):
        pass


def _give_way() -> None:
    """Lower the priority, so that the app stays responsive while a training takes all that is left."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with suppress(OSError):  # Linux may schedule by session; then niceness counts within the session only
        Path("/proc/self/autogroup").write_text(str(NICE))


if __name__ == "__main__":
    _give_way()
    sys.exit(wait_for_work() if sys.argv[1] == "--wait" else work(Path(sys.argv[1])))
