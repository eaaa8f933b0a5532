"""The worker process of a run: `python -m digitrec.training.worker FOLDER`, or `--wait` to be told the folder later.

One that waits has loaded TensorFlow and taken a first step already, which takes seconds that nobody who has pressed
Train wants to wait. It ends where nobody needs it for a while, or whoever started it is gone.
"""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of text

import numpy as np

from digitrec.ink.preprocessing import SIDE
from digitrec.training.published import PUBLISHED
from digitrec.training.worker.worker import work

PATIENCE = 600.0  # seconds
NICE = 5  # of 0 to 19: whoever draws counts three times as much


def wait_for_work() -> int:
    """Load what training needs, then train the run whose folder comes as a line."""
    _rehearse()
    impatience = threading.Timer(PATIENCE, os._exit, [0])
    impatience.daemon = True
    impatience.start()
    line = sys.stdin.readline().rstrip("\n")
    impatience.cancel()
    if not line:
        return 0
    with (Path(line) / "log.txt").open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())
    return work(Path(line))


def _rehearse() -> None:
    """Load all that training needs, and learn a step of nothing: TensorFlow is slow at whatever it does first."""
    import digitrec.training.worker.saving  # noqa: F401, PLC0415
    from digitrec.training.worker.fitting import Trainer  # noqa: PLC0415
    from digitrec.training.worker.minibatches import TrainingSet, to_targets  # noqa: PLC0415

    recipe = PUBLISHED["cnn-three-blocks"]
    blank = TrainingSet(np.zeros((recipe.batch, SIDE, SIDE), np.uint8), to_targets(np.zeros(recipe.batch, np.uint8)))
    for _ in Trainer(recipe, blank).learn(0):
        pass


def _give_way() -> None:
    """Let whoever draws meanwhile have the processors first: a training takes all that it gets."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with suppress(OSError):  # Linux may weigh sessions, and then a process's niceness counts within its own only
        Path("/proc/self/autogroup").write_text(str(NICE))


if __name__ == "__main__":
    _give_way()
    sys.exit(wait_for_work() if sys.argv[1] == "--wait" else work(Path(sys.argv[1])))
