"""Worker threads that compute for all streams, with a bounded look-ahead and a fair share of time for each."""

import asyncio
import os
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from synthserve_core.compute.cancellation import Cancellation
from synthserve_server.scheduling.fair_queue import FairQueue, Flow

HEAD_START = 0.05
"""Seconds of work that a new stream gets before it queues with the others."""

NICENESS = 10
"""How far the workers' priority is below that of the event loop and of the relief thread."""

MOST_TOGETHER = 64
"""The most jobs in a batch: each waits for the encoding of all."""

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Queued(Generic[Job, Result]):
    """A job, and the future of its result."""

    job: Job
    future: "asyncio.Future[Result]"


@dataclass(frozen=True)
class Load:
    """The load of a scheduler.

    Attributes:
        streams: How many streams can submit jobs.
        waiting: How many jobs wait for a worker.
        running: How many threads are doing jobs.
        idle: How many workers are idle.
    """

    streams: int
    waiting: int
    running: int
    idle: int

    @property
    def busy(self) -> bool:
        """Whether a job waits or is being done."""
        return bool(self.waiting or self.running)


_Taken: TypeAlias = tuple[Flow[_Queued[Job, Result]], _Queued[Job, Result]]


class Scheduler(Generic[Job, Result]):
    """Worker threads that compute the messages of streams ahead of their readers.

    Waiting jobs that fit together are done in one batch, so that small calls share the cost of a run of a graph. No job
    waits for a batch to fill: a free worker starts it at once.

    In addition to the workers, a relief thread does jobs of new streams while every worker is busy with old ones. So a
    short call does not wait for a long job; the operating system divides the cores.
    """

    def __init__(
        self,
        workers: int,
        perform: Callable[[Sequence[Job]], Sequence[Result | Exception]],
        batch_of: Callable[[Job], Callable[[Job], bool] | None],
        *,
        head_start: float = HEAD_START,
    ) -> None:
        """Starts the threads.

        Args:
            workers: How many threads compute, at least 1.
            perform: Does a batch of jobs; returns a result or an exception for each.
            batch_of: Begins a batch with a job: returns a function that adds another job if it fits, and returns
                whether it did. None: the job is done alone.
            head_start: Seconds of work that a new stream gets before it queues with the others.
        """
        self.workers = workers
        self._perform = perform
        self._batch_of = batch_of
        self._queue: FairQueue[_Queued[Job, Result]] = FairQueue(head_start)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._relief = threading.Condition(self._lock)
        self._streams = 0  # those that can submit jobs
        self._idle = 0  # workers without a job
        self._running = 0  # threads with jobs
        self._on_new = 0  # those of them with jobs of new streams
        self._closing = False
        self._threads = [
            *(threading.Thread(target=self._as_worker, name=f"worker-{n}", daemon=True) for n in range(workers)),
            threading.Thread(target=self._as_relief, name="relief", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def load(self) -> Load:
        """The current load."""
        with self._lock:
            return Load(self._streams, self._queue.length, self._running, self._idle)

    async def stream(
        self, jobs: Iterable[Job], cancellation: Cancellation, *, head: bool = False
    ) -> AsyncGenerator[Result, None]:
        """Does the jobs of one stream and yields their results in order.

        At most one job more than there are workers is in progress or waits for the reader. That keeps every worker
        busy, and bounds the memory of a stream whose reader has stopped. `jobs` is advanced only as jobs are submitted.

        Args:
            jobs: Each computes one message.
            cancellation: Set when the iterator is closed, so that running jobs stop.
            head: Whether the first job is so short that the others wait for its result: on busy cores they would delay
                its delivery to the reader.

        Yields:
            The results.

        Raises:
            Exception: A job failed.
        """
        ahead: deque[asyncio.Future[Result]] = deque()
        most = 0 if head else self.workers
        with self.submitter(cancellation) as submit:
            try:
                for job in jobs:
                    ahead.append(submit(job))
                    if len(ahead) > most:
                        yield await ahead.popleft()
                        most = self.workers
                while ahead:
                    yield await ahead.popleft()
            finally:
                for future in ahead:
                    # Asyncio would log the exception of a finished future that is never retrieved; this prevents it.
                    future.cancel()

    @contextmanager
    def submitter(self, cancellation: Cancellation) -> Iterator[Callable[[Job], "asyncio.Future[Result]"]]:
        """A flow for one stream whose jobs are not known in advance.

        Args:
            cancellation: Set at the end of the `with` block, which also drops the waiting jobs.

        Yields:
            A function that submits a job and returns its future result. The caller limits the number of open jobs.
        """
        loop = asyncio.get_running_loop()
        flow: Flow[_Queued[Job, Result]] = Flow()

        def submit(job: Job) -> "asyncio.Future[Result]":
            future: asyncio.Future[Result] = loop.create_future()
            self._put(flow, _Queued(job, future))
            return future

        with self._lock:
            self._streams += 1
        try:
            yield submit
        finally:
            cancellation.cancel()
            with self._lock:
                self._streams -= 1
                self._queue.clear(flow)

    def close(self) -> None:
        """Ends the threads after their current jobs, and drops the waiting ones."""
        with self._lock:
            self._closing = True
            self._work.notify_all()
            self._relief.notify_all()
        for thread in self._threads:
            thread.join()

    def _put(self, flow: Flow[_Queued[Job, Result]], queued: _Queued[Job, Result]) -> None:
        with self._lock:
            self._queue.put(flow, queued)
            if self._idle:
                self._work.notify()
            elif self._needs_relief():
                self._relief.notify()

    def _as_worker(self) -> None:
        _step_back()
        with self._lock:
            while not self._closing:
                if first := self._queue.take():
                    self._do(self._batch(first))
                    continue
                self._idle += 1
                self._work.wait()
                self._idle -= 1

    def _as_relief(self) -> None:
        with self._lock:
            while not self._closing:
                if self._needs_relief():
                    self._do(self._batch(self._queue.take_new()))
                else:
                    self._relief.wait()

    def _needs_relief(self) -> bool:
        return not self._idle and not self._on_new and self._queue.has_new()

    def _batch(self, first: _Taken[Job, Result]) -> list[_Taken[Job, Result]]:
        # A fair share, so that the other workers get jobs too.
        most = min(MOST_TOGETHER, -(-(self._queue.length + 1) // self.workers)) - 1
        add = self._batch_of(first[1].job) if most else None
        if add is None:
            return [first]
        return [first, *self._queue.take_batch(first[0], lambda queued: add(queued.job), most)]

    def _do(self, taken: Sequence[_Taken[Job, Result]]) -> None:
        """Does jobs with the lock released, and delivers the results to their streams."""
        new = any(map(self._queue.is_new, (flow for flow, _ in taken)))
        self._on_new += new
        self._running += 1
        if self._needs_relief():
            self._relief.notify()
        self._lock.release()
        started = time.perf_counter()
        try:
            queued = [one for _, one in taken]
            results = self._perform([one.job for one in queued])
            with suppress(RuntimeError):  # the loop is closed
                queued[0].future.get_loop().call_soon_threadsafe(_deliver, queued, results)
            # The traceback of a failure holds this frame. If this frame held the failure, that cycle would keep the
            # objects of its job until the garbage collector runs.
            del results
        finally:
            self._lock.acquire()
            self._on_new -= new
            self._running -= 1
            seconds = (time.perf_counter() - started) / len(taken)
            for flow, _ in taken:
                self._queue.done(flow, seconds)


def _step_back() -> None:
    """Lowers the priority of this thread, where the system supports that, so that sending precedes computing."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def _deliver(queued: Sequence[_Queued[Job, Result]], results: Sequence[Result | Exception]) -> None:
    for one, result in zip(queued, results, strict=True):
        if one.future.done():
            continue
        if isinstance(result, Exception):
            one.future.set_exception(result)
        else:
            one.future.set_result(result)
