"""Work that takes seconds runs once, in a background thread, for all sessions that wait for it.

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
KNOWN_FROM = 0.03  # fraction of the work from which the remaining time is estimated


class Job:
    """Work in the background, and its progress."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Progress], Any]) -> None:
        self.fraction, self.asked, self.began = 0.0, time.monotonic(), 0.0
        self.future: Future[Any] = pool.submit(self._begin, work)

    def _begin(self, work: Callable[[Progress], Any]) -> Any:
        self.began = time.monotonic()
        return work(self._report)

    def _report(self, fraction: float) -> None:
        self.fraction = fraction

    def text(self, title: str) -> str:
        """What is being done, and the remaining time."""
        spent = time.monotonic() - self.began
        if self.fraction < KNOWN_FROM:
            return f"{as_plain_text(title)} …"
        return f"{as_plain_text(title)} … {in_seconds(spent / self.fraction - spent)} left"


class Jobs:
    """All jobs of this server, by key."""

    def __init__(self) -> None:
        self._lock, self._jobs = threading.Lock(), dict[Hashable, Job]()
        self._pool = ThreadPoolExecutor(2, "job")

    def get(self, key: Hashable, work: Callable[[Progress], Any]) -> Job:
        """The job of this key, started if there is none; one that failed is started again."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or (job.future.done() and job.future.exception()):
                self._forget()
                job = self._jobs[key] = Job(self._pool, work)
            return job

    def _forget(self) -> None:
        """Make room for one more job: the oldest finished ones are dropped first."""
        done = [key for key, job in self._jobs.items() if job.future.done()]
        for key in done[: max(0, len(self._jobs) - KEPT + 1)]:
            del self._jobs[key]


@st.cache_resource
def _jobs() -> Jobs:
    return Jobs()


def start_job(key: Hashable, work: Callable[[Progress], Any]) -> Job:
    """The job of this key, started if necessary, without waiting for it."""
    return _jobs().get(key, work)


def wait_for(key: Hashable, title: str, work: Callable[[Progress], Any]) -> Any:
    """The result of `work`, a function that receives a callback for its progress; its errors are raised here.

    `key` names the result: what was done once under a key is not done again.
    """
    job = _jobs().get(key, work)
    bar = None
    while not _is_over(job):
        if time.monotonic() - job.asked > SHOWN_AFTER:
            bar = bar or st.empty()
            bar.progress(min(job.fraction, 1.0), text=job.text(title))
    if bar:
        bar.empty()
    return job.future.result()


def _is_over(job: Job) -> bool:
    try:
        job.future.exception(LOOK)
    except NotYet:
        return False
    return True
