"""The process of the app, which everyone's runs share: set up so that a run costs little and its answer leaves at once.

docs/decisions.md says what each of these was measured to cost.
"""

import gc
import socket
import sys
from contextlib import suppress
from threading import Lock

from threadpoolctl import threadpool_limits

_lock = Lock()
_settled = 0  # modules loaded when the process was last set up


def settle() -> None:
    """Set the process up, once all modules of a page are loaded, and again when another page has loaded more."""
    global _settled  # noqa: PLW0603  the process is one
    if len(sys.modules) == _settled or not _lock.acquire(blocking=False):
        return
    try:
        _limit_threads()
        gc.unfreeze()
        _send_at_once()
        _freeze()
        _settled = len(sys.modules)
    finally:
        _lock.release()


def _limit_threads() -> None:
    """Give BLAS one thread: a drawing's matrices are small, and the other cores have other people's runs to do."""
    threadpool_limits(1, user_api="blas")


def _send_at_once() -> None:
    """Send what is written to a connection without waiting for the browser to confirm what was sent before.

    asyncio sets TCP_NODELAY for its connections, but not for those of a socket that Streamlit made without naming TCP:
    of a run's messages, the first was sent, and the rest 40 ms later. Accepted connections inherit the option.
    """
    for one in gc.get_objects():
        if type(one) is socket.socket and one.family != getattr(socket, "AF_UNIX", None):
            with suppress(OSError):  # closed, or not TCP
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _freeze() -> None:
    """Take everything that is there out of the garbage collection, which would walk through every library's objects.

    What becomes garbage later is collected as before.
    """
    gc.collect()
    gc.freeze()
