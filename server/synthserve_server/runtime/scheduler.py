"""Who computes when: worker threads, a bounded look-ahead for each stream, and turns that are fair to all of them."""

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

from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.fair_queue import FairQueue, Line

HEAD_START = 0.05
"""Seconds of work that a new stream gets before it queues with the others."""

NICENESS = 10
"""How much lower the workers' priority is than that of the event loop and of the thread for new streams."""

MOST_TOGETHER = 64
"""Jobs that are done together at most: each waits for the encoding of all."""

Job = TypeVar("Job")


@dataclass(frozen=True)
class _Ordered(Generic[Job]):
    """A job, and where its result goes."""

    job: Job
    future: "asyncio.Future[bytes]"


_Taken: TypeAlias = tuple[Line[_Ordered[Job]], _Ordered[Job]]


class Scheduler(Generic[Job]):
    """Worker threads that compute the messages of streams ahead of their readers.

    Jobs that wait and are alike are done together, so that small calls share what a run of a graph costs. No job waits
    for others to come: where a worker is free, it starts at once.

    Beside the workers there is a thread that only looks after new streams, and only while every worker is busy with old
    ones. So a short call does not wait until a long job is done; the operating system divides the cores.
    """

    def __init__(
        self,
        workers: int,
        perform: Callable[[Sequence[Job]], Sequence[bytes | Exception]],
        companions: Callable[[Job], Callable[[Job], bool] | None],
    ) -> None:
        """Starts the threads.

        Args:
            workers: How many threads compute, at least 1.
            perform: Does jobs: their results, or what went wrong with each.
            companions: For a job, whether another one can be done together with it; asked of one job after the other,
                and each that it agrees to is taken. None: no other can.
        """
        self.workers = workers
        self._perform = perform
        self._companions = companions
        self._queue: FairQueue[_Ordered[Job]] = FairQueue(HEAD_START)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._relief = threading.Condition(self._lock)
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

    @property
    def busy(self) -> bool:
        """Whether a job waits or is being done."""
        with self._lock:
            return bool(self._queue.length or self._running)

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        with self._lock:
            return self._queue.length

    async def stream(
        self, jobs: Iterable[Job], cancellation: Cancellation, *, head: bool = False
    ) -> AsyncGenerator[bytes, None]:
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
            Exception: What a job came to.
        """
        ahead: deque[asyncio.Future[bytes]] = deque()
        most = 0 if head else self.workers
        with self.turns(cancellation) as begin:
            try:
                for job in jobs:
                    ahead.append(begin(job))
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
    def turns(self, cancellation: Cancellation) -> Iterator[Callable[[Job], "asyncio.Future[bytes]"]]:
        """The place of one stream among the others, for jobs that its caller does not know beforehand.

        Args:
            cancellation: Set at the end of the `with` block, where what waits is dropped.

        Yields:
            A function that has a job done in its turn, and returns the result that is to come. How many are under way
            is the caller's affair.
        """
        loop = asyncio.get_running_loop()
        line: Line[_Ordered[Job]] = Line()

        def begin(job: Job) -> "asyncio.Future[bytes]":
            future: asyncio.Future[bytes] = loop.create_future()
            self._put(line, _Ordered(job, future))
            return future

        try:
            yield begin
        finally:
            cancellation.cancel()
            with self._lock:
                self._queue.clear(line)

    def close(self) -> None:
        """Ends the threads once they have finished what they are computing; drops what waits."""
        with self._lock:
            self._closing = True
            self._work.notify_all()
            self._relief.notify_all()
        for thread in self._threads:
            thread.join()

    def _put(self, line: Line[_Ordered[Job]], ordered: _Ordered[Job]) -> None:
        with self._lock:
            self._queue.put(line, ordered)
            if self._idle:
                self._work.notify()
            elif self._needs_relief():
                self._relief.notify()

    def _as_worker(self) -> None:
        _step_back()
        with self._lock:
            while not self._closing:
                if first := self._queue.take():
                    self._do(self._with_companions(first))
                    continue
                self._idle += 1
                self._work.wait()
                self._idle -= 1

    def _as_relief(self) -> None:
        with self._lock:
            while not self._closing:
                if self._needs_relief():
                    self._do(self._with_companions(self._queue.take_new()))
                else:
                    self._relief.wait()

    def _needs_relief(self) -> bool:
        return not self._idle and not self._on_new and self._queue.has_new()

    def _with_companions(self, first: _Taken[Job]) -> list[_Taken[Job]]:
        # The others are left for the other workers.
        most = min(MOST_TOGETHER, -(-(self._queue.length + 1) // self.workers)) - 1
        alike = self._companions(first[1].job) if most else None
        if alike is None:
            return [first]
        return [first, *self._queue.take_alike(first[0], lambda ordered: alike(ordered.job), most)]

    def _do(self, taken: Sequence[_Taken[Job]]) -> None:
        """Does jobs with the lock released, and tells their streams."""
        new = any(map(self._queue.is_new, (line for line, _ in taken)))
        self._on_new += new
        self._running += 1
        if self._needs_relief():
            self._relief.notify()
        self._lock.release()
        started = time.perf_counter()
        try:
            ordered = [one for _, one in taken]
            results = self._perform([one.job for one in ordered])
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                ordered[0].future.get_loop().call_soon_threadsafe(_deliver, ordered, results)
            # A failure knows the frames that it came through. As this one knows the failure, it and what its job had
            # would stay until the garbage collector comes by.
            del results
        finally:
            self._lock.acquire()
            self._on_new -= new
            self._running -= 1
            seconds = (time.perf_counter() - started) / len(taken)
            for line, _ in taken:
                self._queue.done(line, seconds)


def _step_back() -> None:
    """Lowers the priority of this thread where the system has one for each: whoever sends what is made goes first."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def _deliver(ordered: Sequence[_Ordered[Job]], results: Sequence[bytes | Exception]) -> None:
    for one, result in zip(ordered, results, strict=True):
        if one.future.done():
            continue
        if isinstance(result, Exception):
            one.future.set_exception(result)
        else:
            one.future.set_result(result)
