import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.errors import CancelledWorkError
from synthserve_server.runtime.scheduler import Scheduler

WORKERS = 2


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler(WORKERS)
    yield scheduler
    scheduler.close()


def number(value: int) -> bytes:
    return str(value).encode()


async def test_results_come_in_order(scheduler: Scheduler) -> None:
    jobs = (partial(number, value) for value in range(50))
    assert [message async for message in scheduler.stream(jobs, Cancellation())] == [number(i) for i in range(50)]


async def test_looks_no_further_ahead_than_one_job_more_than_workers(scheduler: Scheduler) -> None:
    taken = 0

    def jobs() -> Iterator[Callable[[], bytes]]:
        nonlocal taken
        for value in range(100):
            taken += 1
            yield partial(number, value)

    stream = scheduler.stream(jobs(), Cancellation())
    for read in range(1, 10):
        await anext(stream)
        await asyncio.sleep(0.01)
        assert taken == read + WORKERS
    await stream.aclose()


async def test_a_reader_that_stops_holds_no_worker(scheduler: Scheduler) -> None:
    stalled = [scheduler.stream((partial(number, i) for i in range(1000)), Cancellation()) for _ in range(20)]
    for stream in stalled:
        await anext(stream)
    jobs = (partial(number, value) for value in range(200))
    assert len([message async for message in scheduler.stream(jobs, Cancellation())]) == 200
    for stream in stalled:
        await stream.aclose()


async def test_an_error_ends_the_stream_after_what_came_before(scheduler: Scheduler) -> None:
    def fail() -> bytes:
        raise ValueError("broken")

    cancellation = Cancellation()
    jobs: list[Callable[[], bytes]] = [partial(number, 1), fail, partial(number, 2)]
    stream = scheduler.stream(jobs, cancellation)
    assert await anext(stream) == b"1"
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)
    assert cancellation.cancelled


async def test_closing_cancels_what_runs_and_drops_what_waits(scheduler: Scheduler) -> None:
    cancellation = Cancellation()
    running, ended = threading.Event(), threading.Event()
    begun = []

    def wait(value: int) -> bytes:
        begun.append(value)
        if value == 0:
            return b"0"
        running.set()
        interrupted = threading.Event()
        try:
            with cancellation.interrupting(interrupted.set):
                assert interrupted.wait(60)
            cancellation.check()
        finally:
            ended.set()
        return b""

    stream = scheduler.stream((partial(wait, value) for value in range(100)), cancellation)
    assert await anext(stream) == b"0"
    await asyncio.to_thread(running.wait)
    await stream.aclose()
    await asyncio.to_thread(ended.wait)
    await asyncio.to_thread(scheduler.close)
    assert len(begun) <= 1 + WORKERS + 1


async def test_a_failure_that_nobody_waited_for_is_not_logged(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Barrier(2)

    def fail() -> bytes:
        failed.wait()
        raise ValueError("broken")

    stream = scheduler.stream([fail, fail], Cancellation())
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)
    del stream
    await asyncio.sleep(0.05)
    gc.collect()
    assert caplog.records == []


def test_interrupting_after_cancelling_raises() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledWorkError), cancellation.interrupting(lambda: None):
        pytest.fail("not reached")


def test_interrupts_are_called_once_and_not_after_their_block() -> None:
    cancellation, calls = Cancellation(), []
    with cancellation.interrupting(lambda: calls.append("early")):
        pass
    with cancellation.interrupting(lambda: calls.append("inside")):
        cancellation.cancel()
        cancellation.cancel()
    assert calls == ["inside"]
