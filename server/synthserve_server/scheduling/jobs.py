"""The jobs of workers: they compute and encode samples. Several small jobs can share a run of their graph."""

import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, cast

from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation, CancellationOfAll
from synthserve_core.compute.checks import check_values
from synthserve_core.compute.sampler import Draw, sample, sample_together
from synthserve_core.compute.timings import Observer, Stopwatch
from synthserve_core.contract.model import Arrays, Key


@dataclass(frozen=True, slots=True)
class Made:
    """The result of a job.

    Attributes:
        data: A serialised message.
        samples: How many samples it carries.
    """

    data: bytes
    samples: int


class Job(Protocol):
    """A task for a worker."""

    def make(self) -> Made:
        """Does the job.

        Raises:
            Exception: It failed.
        """


@dataclass(frozen=True)
class SampleJob:
    """Samples that become one message.

    Attributes:
        draw: The samples.
        encode: Serialises the message; called with the samples and the index of the first one.
        cancellation: Set when the message is no longer wanted.
        observe: Called with the timings of the finished message; None: nothing is measured.
        enqueued_at: When the job was created, by `time.perf_counter`; a stream enqueues it at once.
    """

    draw: Draw
    encode: Callable[[Arrays, int], bytes]
    cancellation: Cancellation
    observe: Observer | None = None
    enqueued_at: float = field(default_factory=time.perf_counter)

    def make(self) -> Made:
        """Computes and encodes the samples.

        Raises:
            CancelledWorkError: The message is no longer wanted.
            GraphError: The graph failed.
        """
        watch = Stopwatch(1) if self.observe else None
        arrays = sample(watch.timed(self.draw) if watch else self.draw, self.cancellation)
        return self.encoded(arrays, watch)

    def encoded(self, arrays: dict[Key, NDArray[Any]], watch: Stopwatch | None) -> Made:
        """Encodes the samples, and calls the observer.

        Args:
            arrays: The samples.
            watch: The stopwatch that timed the computing; None: nothing is measured.
        """
        encoding = time.perf_counter()
        data = self.encode(arrays, self.draw.start)
        if self.observe and watch:
            self.observe(watch.timings(self.enqueued_at, encoding))
        return Made(data, self.draw.count)


Result: TypeAlias = Made | Exception


def batch_of(first: Job) -> Callable[[Job], bool] | None:
    """Begins a batch of jobs that share one run of a graph.

    Returns:
        A function that adds a job to the batch if it fits, and returns whether it did; None: `first` is done alone.
    """
    if not isinstance(first, SampleJob) or not first.draw.fits(0):
        return None
    draw = first.draw
    low, high = draw.packets
    size = high - low

    def add(job: Job) -> bool:
        nonlocal size
        if not isinstance(job, SampleJob) or job.cancellation.cancelled:
            return False
        if not draw.can_join(job.draw) or not job.draw.fits(size):
            return False
        low, high = job.draw.packets
        size += high - low
        return True

    return add


def perform(jobs: Sequence[Job]) -> list[Result]:
    """Does one job, or several that form a batch (see `batch_of`).

    Returns:
        For each job its result, or the exception.
    """
    if len(jobs) == 1:
        return [_result(jobs[0].make)]
    batch = cast(Sequence[SampleJob], jobs)
    watch = Stopwatch(len(batch)) if any(job.observe for job in batch) else None
    cancellation = CancellationOfAll([job.cancellation for job in batch])
    try:
        draws = [watch.timed(job.draw) if watch else job.draw for job in batch]
        drawn = sample_together(draws, cancellation)
    except Exception as error:
        return [copy(error) for _ in batch]  # each is raised in its own task, and collects a traceback there
    return [_result(_encoding(*pair, watch)) for pair in zip(batch, drawn, strict=True)]


def _encoding(job: SampleJob, arrays: dict[Key, NDArray[Any]], watch: Stopwatch | None) -> Callable[[], Made]:
    def encode() -> Made:
        job.cancellation.check()
        check_values(job.draw.model, arrays)
        return job.encoded(arrays, watch)

    return encode


def _result(make: Callable[[], Made]) -> Result:
    try:
        return make()
    except Exception as error:
        return error
