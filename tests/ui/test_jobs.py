import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from digitrec.datasets import Progress
from digitrec.ui import jobs
from digitrec.ui.jobs import Job, Jobs, wait_for

LONG = 60  # seconds after which a test gives up


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _no_jobs() -> Iterator[None]:
    jobs._jobs.clear()
    yield
    jobs._jobs.clear()


def quick(value: object) -> Callable[[Progress], Any]:
    return lambda progress: value


def fail(progress: Progress) -> None:
    raise ValueError("no luck")


def test_a_job_has_the_result_of_its_work(pool: ThreadPoolExecutor) -> None:
    assert Job(pool, quick(7)).future.result(LONG) == 7


def test_a_job_knows_how_far_it_is(pool: ThreadPoolExecutor) -> None:
    told, go_on = threading.Event(), threading.Event()

    def work(progress: Progress) -> str:
        progress(0.5)
        told.set()
        go_on.wait(LONG)
        progress(1.0)
        return "done"

    job = Job(pool, work)
    assert told.wait(LONG)
    assert job.fraction == 0.5
    assert not job.future.done()
    go_on.set()
    assert job.future.result(LONG) == "done"
    assert job.fraction == 1


def test_a_job_runs_in_a_thread_of_its_own(pool: ThreadPoolExecutor) -> None:
    assert Job(pool, lambda _: threading.get_ident()).future.result(LONG) != threading.get_ident()


@pytest.mark.parametrize(
    ("fraction", "spent", "text"),
    [
        (0.0, 60, "Laying out …"),
        (0.029, 60, "Laying out …"),
        (0.03, 3, "Laying out … 2 min left"),
        (0.25, 10, "Laying out … 30 s left"),
        (0.5, 20, "Laying out … 20 s left"),
        (0.9, 90, "Laying out … 10 s left"),
        (1.0, 500, "Laying out … 1 s left"),
        (0.04, 300, "Laying out … 2 h left"),
    ],
)
def test_the_text_tells_the_time_left(
    fraction: float, spent: float, text: str, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(pool, quick(None))
    job.fraction = fraction
    now = job.began + spent
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert job.text("Laying out") == text


def test_work_is_done_once_for_several_threads() -> None:
    made, everyone = [], threading.Barrier(8)
    all_jobs = Jobs()

    def work(progress: Progress) -> object:
        made.append(1)
        time.sleep(0.05)
        return object()

    def ask(_: int) -> object:
        everyone.wait(LONG)
        return all_jobs.get("key", work).future.result(LONG)

    with ThreadPoolExecutor(8) as sessions:
        results = list(sessions.map(ask, range(8)))
    assert len(made) == 1
    assert len({id(result) for result in results}) == 1


def test_what_is_done_is_not_done_again() -> None:
    all_jobs = Jobs()
    first = all_jobs.get("key", quick(1))
    assert first.future.result(LONG) == 1
    assert all_jobs.get("key", quick(2)) is first


def test_each_key_has_a_job_of_its_own() -> None:
    all_jobs = Jobs()
    keys = ["a", "b", ("a", 1), ("a", 2)]
    assert [all_jobs.get(key, quick(key)).future.result(LONG) for key in keys] == keys


def test_a_failed_job_is_tried_again() -> None:
    all_jobs = Jobs()
    with pytest.raises(ValueError, match="no luck"):
        all_jobs.get("key", fail).future.result(LONG)
    assert all_jobs.get("key", quick(3)).future.result(LONG) == 3


def test_work_that_gives_none_is_not_done_again() -> None:
    all_jobs = Jobs()
    first = all_jobs.get("key", quick(None))
    assert first.future.result(LONG) is None
    assert all_jobs.get("key", quick(1)) is first


def test_two_jobs_run_at_once() -> None:
    all_jobs, both = Jobs(), threading.Barrier(2)
    waiting = [all_jobs.get(key, lambda _: both.wait(LONG)) for key in "ab"]
    assert sorted(job.future.result(LONG) for job in waiting) == [0, 1]


class FakeBar:
    def __init__(self) -> None:
        self.shown: list[tuple[float, str]] = []
        self.is_empty = False

    def progress(self, fraction: float, text: str) -> None:
        self.shown.append((fraction, text))

    def empty(self) -> None:
        self.is_empty = True


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[FakeBar]:
    made: list[FakeBar] = []

    def make() -> FakeBar:
        made.append(FakeBar())
        return made[-1]

    monkeypatch.setattr(st, "empty", make)
    monkeypatch.setattr(jobs, "LOOK", 0.01)
    monkeypatch.setattr(jobs, "SHOWN_AFTER", 0.05)
    return made


def test_quick_work_shows_no_bar(bars: list[FakeBar]) -> None:
    assert wait_for("quick", "Counting", quick(7)) == 7
    assert wait_for("quick", "Counting", fail) == 7
    assert bars == []


def test_work_shorter_than_a_flicker_shows_no_bar(bars: list[FakeBar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SHOWN_AFTER", LONG)
    assert wait_for("short", "Counting", lambda _: time.sleep(10 * jobs.LOOK)) is None
    assert bars == []


def test_long_work_shows_one_bar_until_it_is_done(bars: list[FakeBar]) -> None:
    def work(progress: Progress) -> int:
        for step in range(1, 11):
            time.sleep(0.03)
            progress(step / 8)  # beyond 1, as a careless count would be
        return 7

    assert wait_for("long", "Counting", work) == 7
    (bar,) = bars
    assert bar.is_empty
    assert len(bar.shown) > 3
    told = [fraction for fraction, _ in bar.shown]
    assert told == sorted(told)
    assert max(told) <= 1
    assert all(text.startswith("Counting … ") and text.endswith(" left") for _, text in bar.shown[-3:])


def test_long_work_that_fails_takes_its_bar_away(bars: list[FakeBar]) -> None:
    def work(progress: Progress) -> None:
        time.sleep(0.15)
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        wait_for("fails", "Counting", work)
    assert bars[0].is_empty
    assert wait_for("fails", "Counting", quick(7)) == 7


def test_an_error_of_running_out_of_time_is_the_works_own(bars: list[FakeBar]) -> None:
    def work(progress: Progress) -> None:
        raise TimeoutError("the server did not answer")

    with pytest.raises(TimeoutError, match="did not answer"):
        wait_for("slow", "Asking", work)


def page() -> None:
    import time
    import uuid

    import streamlit as st

    from digitrec.ui.jobs import wait_for

    def work(progress: object) -> str:
        progress(0.5)
        time.sleep(0.7)
        return f"seven, counted as {uuid.uuid4()}"

    st.write(wait_for("page", "Counting", work))


def test_pages_wait_and_share_what_was_done() -> None:
    first = AppTest.from_function(page, default_timeout=LONG).run()
    assert not first.exception
    assert first.markdown[0].value.startswith("seven, counted as")
    assert len(first.main.children) <= 2, "the bar is gone"
    other = AppTest.from_function(page, default_timeout=LONG).run()
    assert other.markdown[0].value == first.markdown[0].value, "it was counted once"


def failing_page() -> None:
    import streamlit as st

    from digitrec.ui.jobs import wait_for

    def work(progress: object) -> str:
        raise ValueError("no luck")

    try:
        wait_for("failing", "Counting", work)
    except ValueError as error:
        st.error(str(error))


def test_a_page_raises_what_the_work_raised() -> None:
    app = AppTest.from_function(failing_page, default_timeout=LONG).run()
    assert [error.value for error in app.error] == ["no luck"]
