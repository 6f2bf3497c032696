"""Worker threads that compute for all streams: a bounded look-ahead for each, and a fair share of the time."""

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
"""How much lower the workers' priority is than that of the event loop and of the thread for new streams."""

MOST_TOGETHER = 64
"""Jobs that are done together at most: each waits for the encoding of all."""

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Queued(Generic[Job, Result]):
    """A job, and where its result goes."""

    job: Job
    future: "asyncio.Future[Result]"


@dataclass(frozen=True)
class Load:
    """What a scheduler has to do.

    Attributes:
        streams: How many streams can submit jobs.
        waiting: How many jobs wait for a worker.
        running: How many threads are doing jobs.
        idle: How many workers have nothing to do.
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

    Jobs that wait and fit together are done in one batch, so that small calls share what a run of a graph costs. No job
    waits for others to come: where a worker is free, it starts at once.

    Beside the workers there is a thread that only looks after new streams, and only while every worker is busy with old
    ones. So a short call does not wait until a long job is done; the operating system divides the cores.
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
            perform: Does jobs: their results, or what went wrong with each.
            batch_of: Begins a batch with a job: a function that adds another job where it fits, and says whether it
                did. None: the job is done alone.
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
        self._idle = 0  # workers that have nothing to do
        self._running = 0  # threads that have something to do
        self._on_new = 0  # those among them that are looking after new streams
        self._closing = False
        self._threads = [
            *(threading.Thread(target=self._as_worker, name=f"worker-{n}", daemon=True) for n in range(workers)),
            threading.Thread(target=self._as_relief, name="relief", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def load(self) -> Load:
        """What there is to do at this moment."""
        with self._lock:
            return Load(self._streams, self._queue.length, self._running, self._idle)

    async def stream(
        self, jobs: Iterable[Job], cancellation: Cancellation, *, head: bool = False
    ) -> AsyncGenerator[Result, None]:
        """Does the jobs of one stream and yields their results in order.

        At most one job more than there are workers is under way or waits for the reader: enough to keep every worker
        busy, and all that a reader who has stopped holds. Jobs are made only when their turn comes.

        Args:
            jobs: Each computes one message.
            cancellation: Set when the iterator is closed, so that the jobs under way stop.
            head: Whether the first job is so short that the others wait for it: on busy cores they would delay what it
                came to on its way to the reader.

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
                    # Of one that is done, this also forgets the failure that would else be logged as never looked at.
                    future.cancel()

    @contextmanager
    def submitter(self, cancellation: Cancellation) -> Iterator[Callable[[Job], "asyncio.Future[Result]"]]:
        """The place of one stream among the others, for jobs that its caller does not know beforehand.

        Args:
            cancellation: Set at the end of the `with` block, where what waits is dropped.

        Yields:
            A function that submits a job and returns its future result. The caller limits how many are under way.
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
        """Ends the threads once they have finished what they are computing; drops what waits."""
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
        # The others are left for the other workers.
        most = min(MOST_TOGETHER, -(-(self._queue.length + 1) // self.workers)) - 1
        add = self._batch_of(first[1].job) if most else None
        if add is None:
            return [first]
        return [first, *self._queue.take_batch(first[0], lambda queued: add(queued.job), most)]

    def _do(self, taken: Sequence[_Taken[Job, Result]]) -> None:
        """Does jobs with the lock released, and tells their streams."""
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
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                queued[0].future.get_loop().call_soon_threadsafe(_deliver, queued, results)
            # A failure knows the frames that it came through. As this one knows the failure, it and what its job had
            # would stay until the garbage collector comes by.
            del results
        finally:
            self._lock.acquire()
            self._on_new -= new
            self._running -= 1
            seconds = (time.perf_counter() - started) / len(taken)
            for flow, _ in taken:
                self._queue.done(flow, seconds)


def _step_back() -> None:
    """Lowers the priority of this thread where the system has one for each: whoever sends what is made goes first."""
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
