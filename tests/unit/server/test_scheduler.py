import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest
from tests.fixtures.serving import wait_until

from synthserve_core.compute.cancellation import Cancellation
from synthserve_server.scheduling.scheduler import HEAD_START, Load, Scheduler

WORKERS = 2

Job = Callable[[], bytes]


def perform(jobs: Sequence[Job]) -> list[bytes | Exception]:
    (job,) = jobs
    try:
        return [job()]
    except Exception as error:
        return [error]


def alone(_job: Job) -> None:
    return None


@pytest.fixture
def scheduler() -> Iterator[Scheduler[Job, bytes]]:
    scheduler = Scheduler(WORKERS, perform, alone)
    yield scheduler
    scheduler.close()


def number(value: int) -> bytes:
    return str(value).encode()


async def test_results_come_in_order(scheduler: Scheduler[Job, bytes]) -> None:
    jobs = (partial(number, value) for value in range(50))
    assert [message async for message in scheduler.stream(jobs, Cancellation())] == [number(i) for i in range(50)]


async def test_behind_a_head_the_others_are_begun_once_it_is_taken(scheduler: Scheduler[Job, bytes]) -> None:
    begun: list[int] = []

    def job(value: int) -> bytes:
        begun.append(value)
        return number(value)

    jobs = [partial(job, value) for value in range(20)]
    stream = scheduler.stream(jobs, Cancellation(), head=True)
    assert await anext(stream) == b"0"
    assert [message async for message in scheduler.stream([partial(number, 7)], Cancellation())] == [b"7"]
    assert begun == [0]
    assert [message async for message in stream] == [number(value) for value in range(1, 20)]
    assert [message async for message in scheduler.stream(jobs[:1], Cancellation(), head=True)] == [b"0"]


async def test_looks_no_further_ahead_than_one_job_more_than_workers(scheduler: Scheduler[Job, bytes]) -> None:
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


async def test_a_reader_that_stops_holds_no_worker(scheduler: Scheduler[Job, bytes]) -> None:
    stalled = [scheduler.stream((partial(number, i) for i in range(1000)), Cancellation()) for _ in range(20)]
    for stream in stalled:
        await anext(stream)
    jobs = (partial(number, value) for value in range(200))
    assert len([message async for message in scheduler.stream(jobs, Cancellation())]) == 200
    for stream in stalled:
        await stream.aclose()


async def test_an_error_ends_the_stream_after_what_came_before(scheduler: Scheduler[Job, bytes]) -> None:
    def fail() -> bytes:
        raise ValueError("broken")

    cancellation = Cancellation()
    jobs: list[Callable[[], bytes]] = [partial(number, 1), fail, partial(number, 2)]
    stream = scheduler.stream(jobs, cancellation)
    assert await anext(stream) == b"1"
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)
    assert cancellation.cancelled


async def test_closing_cancels_what_runs_and_drops_what_waits(scheduler: Scheduler[Job, bytes]) -> None:
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
    scheduler: Scheduler[Job, bytes], caplog: pytest.LogCaptureFixture
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


async def test_a_failure_that_nobody_waits_for_keeps_nothing(scheduler: Scheduler[Job, bytes]) -> None:
    class Held:
        def __call__(self) -> bytes:
            begun.set()
            assert free.wait(60)
            raise ValueError("broken")

    begun, free = threading.Event(), threading.Event()
    held = Held()
    gone = weakref.ref(held)
    gc.collect()
    gc.disable()
    try:
        reading = asyncio.ensure_future(anext(scheduler.stream([held], Cancellation())))
        del held
        assert await asyncio.to_thread(begun.wait, 60)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        del reading
        free.set()
        while gone():  # noqa: ASYNC110 - a worker lets go of it, which sets no event
            await asyncio.sleep(0.01)
    finally:
        gc.enable()


class Held:
    """A job that waits until it is let go; those of one kind can be done together."""

    def __init__(self, kind: str = "", name: bytes = b"") -> None:
        self.kind, self.name = kind, name
        self.begun, self.free = threading.Event(), threading.Event()


def perform_held(jobs: Sequence[Held]) -> list[bytes | Exception]:
    for job in jobs:
        job.begun.set()
    for job in jobs:
        assert job.free.wait(60)
    return [b"+".join(job.name for job in jobs)] * len(jobs)


def of_one_kind(first: Held) -> Callable[[Held], bool]:
    return lambda other: bool(first.kind) and other.kind == first.kind


@pytest.fixture
def holding(request: pytest.FixtureRequest) -> Iterator[Scheduler[Held, bytes]]:
    """A scheduler of held jobs; a parameter is its head start."""
    scheduler = Scheduler(WORKERS, perform_held, of_one_kind, head_start=getattr(request, "param", HEAD_START))
    wait_until(lambda: scheduler.load().idle == WORKERS)  # so that each of them takes one of the first jobs
    yield scheduler
    scheduler.close()


def read(scheduler: Scheduler[Held, bytes], *jobs: Held) -> "asyncio.Task[list[bytes]]":
    async def collect() -> list[bytes]:
        return [message async for message in scheduler.stream(jobs, Cancellation())]

    return asyncio.ensure_future(collect())


async def begun(*jobs: Held) -> None:
    for job in jobs:
        assert await asyncio.to_thread(job.begun.wait, 60)


async def test_jobs_that_wait_and_are_alike_are_done_together(holding: Scheduler[Held, bytes]) -> None:
    busy = [Held() for _ in range(WORKERS)]
    readers = [read(holding, job) for job in busy]
    await begun(*busy)
    jobs = [Held("a", b"1"), Held("b", b"2"), Held("a", b"3"), Held("a", b"4"), Held("a", b"5")]
    readers += [read(holding, job) for job in jobs]
    await asyncio.sleep(0)
    for job in (*jobs, busy[0]):
        job.free.set()
    # One worker takes its share of what waits and leaves the rest: five jobs for two workers.
    results = [(await reader)[0] for reader in readers[WORKERS:]]
    assert results[0] == results[2] == results[3] == b"1+3+4"
    assert (results[1], results[4]) == (b"2", b"5")
    busy[1].free.set()
    await asyncio.gather(*readers)


async def test_free_worker_waits_for_no_other_job(holding: Scheduler[Held, bytes]) -> None:
    job = Held("a", b"1")
    reader = read(holding, job)
    await begun(job)
    job.free.set()
    assert await reader == [b"1"]


@pytest.mark.parametrize("holding", [0.001], indirect=True)
async def test_new_stream_does_not_wait_for_the_jobs_of_old_ones(holding: Scheduler[Held, bytes]) -> None:
    old = [Held(name=b"old") for _ in range(4 * WORKERS)]
    reader = read(holding, *old)
    for start in (0, WORKERS):
        await begun(*old[start : start + WORKERS])
        await asyncio.sleep(0.01)  # more than the head start
        for job in old[start : start + WORKERS]:
            job.free.set()
    busy, others = old[2 * WORKERS : 3 * WORKERS], old[3 * WORKERS :]
    await begun(*busy)
    new = Held(name=b"new")
    reading = read(holding, new)
    await begun(new)  # while every worker is at a job of the old stream
    new.free.set()
    assert await reading == [b"new"]
    assert not any(job.begun.is_set() for job in others)
    for job in old:
        job.free.set()
    assert await reader == [b"old"] * len(old)


async def test_scheduler_is_busy_while_something_waits_or_runs(holding: Scheduler[Held, bytes]) -> None:
    job = Held()
    reader = read(holding, job)
    await begun(job)
    assert holding.load() == Load(streams=1, waiting=0, running=1, idle=WORKERS - 1)
    assert holding.load().busy
    others = [Held() for _ in range(WORKERS + 1)]
    readers = [read(holding, other) for other in others]
    await begun(*others[: WORKERS - 1])
    assert holding.load().waiting >= 1
    for one in (job, *others):
        one.free.set()
    await asyncio.gather(reader, *readers)
    await asyncio.to_thread(holding.close)
    assert not holding.load().busy
    assert holding.load().streams == 0
