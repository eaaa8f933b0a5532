"""The worker process of a run: `python -m digitrec.training FOLDER`, or `--wait` to be told the folder later.

One that waits has loaded TensorFlow already, which takes seconds that nobody who has pressed Train wants to wait. It
ends where nobody needs it for a while, or whoever started it is gone.
"""

import os
import sys
import threading
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of text

from digitrec.training.worker import work

PATIENCE = 600.0  # seconds


def wait_for_work() -> int:
    """Load what training needs, then train the run whose folder comes as a line."""
    import digitrec.training.saving  # noqa: F401, PLC0415  and with it all the rest

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


if __name__ == "__main__":
    sys.exit(wait_for_work() if sys.argv[1] == "--wait" else work(Path(sys.argv[1])))
