"""The process of the app, which everyone's runs share: set up so that a run costs little.

Measured on 2 cores, both are most of what the run after a stroke cost: see docs/decisions.md.
"""

import gc
import sys
from threading import Lock

from threadpoolctl import threadpool_limits

_lock = Lock()
_settled = 0  # modules loaded when the process was last set up


def settle() -> None:
    """Set the process up, once all modules of a page are loaded, and again when another page has loaded more.

    - Everything that is there is taken out of Python's garbage collection, which would otherwise walk through every
      object of every library again and again. What becomes garbage later is collected as before.
    - BLAS gets one thread: for matrices as small as a drawing's, a second thread costs more than it saves, and other
      people's runs need the other cores. Libraries that are loaded later bring a BLAS of their own, hence again.
    """
    global _settled  # noqa: PLW0603  the process is one
    if len(sys.modules) == _settled or not _lock.acquire(blocking=False):
        return
    try:
        threadpool_limits(1, user_api="blas")
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        _settled = len(sys.modules)
    finally:
        _lock.release()
