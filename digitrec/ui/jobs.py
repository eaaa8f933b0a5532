"""What takes seconds is done once, in a thread of its own, for every session that waits for it.

work -> `wait_for` -> a bar with the time left -> the result, at once from then on

The thread never speaks to Streamlit. Whoever leaves the page while waiting finds the work further on, or done, later.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import streamlit as st

from digitrec.datasets import Progress
from digitrec.ui.messages import as_plain_text
from digitrec.words import in_seconds

KEPT = 24  # results; the largest, MNIST itself and a map of 10,000, take 55 and some 35 MB
LOOK = 0.1  # seconds between two looks at the work
SHOWN_AFTER = 0.4  # seconds; a bar that is gone at once would only flicker
KNOWN_FROM = 0.03  # the share done from which the time left can be told


class Job:
    """Work that is done in the background, and how far it is."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Progress], Any]) -> None:
        self.share, self.asked, self.began = 0.0, time.monotonic(), 0.0
        self.future: Future[Any] = pool.submit(self._begin, work)

    def _begin(self, work: Callable[[Progress], Any]) -> Any:
        self.began = time.monotonic()
        return work(self._tell)

    def _tell(self, share: float) -> None:
        self.share = share

    def text(self, title: str) -> str:
        """What is being done, and how long it will take yet."""
        spent = time.monotonic() - self.began
        if self.share < KNOWN_FROM:
            return f"{as_plain_text(title)} …"
        return f"{as_plain_text(title)} … {in_seconds(spent / self.share - spent)} left"


class Jobs:
    """All work of this server, by key."""

    def __init__(self) -> None:
        self._lock, self._jobs = threading.Lock(), dict[Hashable, Job]()
        self._pool = ThreadPoolExecutor(2, "job")

    def get(self, key: Hashable, work: Callable[[Progress], Any]) -> Job:
        """The job of this key, begun if there is none; one that failed is tried again."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or (job.future.done() and job.future.exception()):
                self._forget()
                job = self._jobs[key] = Job(self._pool, work)
            return job

    def _forget(self) -> None:
        """Make room for one more: what was done first goes first."""
        done = [key for key, job in self._jobs.items() if job.future.done()]
        for key in done[: max(0, len(self._jobs) - KEPT + 1)]:
            del self._jobs[key]


@st.cache_resource
def _jobs() -> Jobs:
    return Jobs()


def start_job(key: Hashable, work: Callable[[Progress], Any]) -> Job:
    """The job of this key, begun if need be; nobody waits."""
    return _jobs().get(key, work)


def wait_for(key: Hashable, title: str, work: Callable[[Progress], Any]) -> Any:
    """The result of `work`, which is handed something to tell its progress to; its errors are raised here.

    `key` names the result: what was done once under a key is not done again.
    """
    job = _jobs().get(key, work)
    bar = None
    while not _is_over(job):
        if time.monotonic() - job.asked > SHOWN_AFTER:
            bar = bar or st.empty()
            bar.progress(min(job.share, 1.0), text=job.text(title))
    if bar:
        bar.empty()
    return job.future.result()


def _is_over(job: Job) -> bool:
    try:
        job.future.exception(LOOK)
    except NotYet:
        return False
    return True
