"""What workers make: messages of computed and encoded samples, several small ones in one run; and other jobs."""

import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from synthserve_server.runtime.cancellation import Cancellation, CancellationOfAll
from synthserve_server.runtime.sampler import Draw, check_codes, sample, sample_together
from synthserve_server.runtime.timings import Observer, Stopwatch


class Job(Protocol):
    """What a worker is given."""

    def make(self) -> bytes:
        """Does the job.

        Raises:
            Exception: It came to nothing.
        """


@dataclass(frozen=True)
class Message:
    """One message to be made.

    Attributes:
        draw: Its samples.
        encode: Makes bytes of them.
        cancellation: Set when nobody waits for it any more.
        observe: Told how long it took, once it is made; None: nothing is measured.
        ordered: When it was put in the queue, which a stream does as soon as it has the message.
    """

    draw: Draw
    encode: Callable[[dict[str, NDArray[Any]]], bytes]
    cancellation: Cancellation
    observe: Observer | None = None
    ordered: float = field(default_factory=time.perf_counter)

    def make(self) -> bytes:
        """Makes the message.

        Raises:
            CancelledWorkError: Nobody waits for it any more.
            GraphError: The graph failed.
        """
        watch = Stopwatch(1) if self.observe else None
        arrays = sample(watch.timed(self.draw) if watch else self.draw, self.cancellation)
        return self.encoded(arrays, watch)

    def encoded(self, arrays: dict[str, NDArray[Any]], watch: Stopwatch | None) -> bytes:
        """Encodes its samples, and tells the observer.

        Args:
            arrays: The samples.
            watch: What measured how they were computed; None: nobody wants to know.
        """
        encoding = time.perf_counter()
        data = self.encode(arrays)
        if self.observe and watch:
            self.observe(watch.timings(self.ordered, encoding))
        return data


Result = bytes | Exception


def companions(first: Job) -> Callable[[Job], bool] | None:
    """Tells which jobs can be done in the same run of the graph as another one: messages with messages.

    Returns:
        A function that is asked of one job after another, and counts on it that those it agrees to are taken; None:
        no other can.
    """
    if not isinstance(first, Message) or not first.draw.shares(0):
        return None
    graph = first.draw.graph
    low, high = first.draw.packets
    size = high - low

    def fits(job: Job) -> bool:
        nonlocal size
        if not isinstance(job, Message) or job.cancellation.cancelled or job.draw.graph is not graph:
            return False
        if not job.draw.shares(size):
            return False
        low, high = job.draw.packets
        size += high - low
        return True

    return fits


def make_together(jobs: Sequence[Job]) -> list[Result]:
    """Does jobs; more than one only if they can share a run of their graph, see `companions`.

    Returns:
        For each the bytes, or what went wrong with it.
    """
    if len(jobs) == 1:
        return [_result(jobs[0].make)]
    messages = cast(Sequence[Message], jobs)
    watch = Stopwatch(len(messages)) if any(message.observe for message in messages) else None
    cancellation = CancellationOfAll([message.cancellation for message in messages])
    try:
        draws = [watch.timed(message.draw) if watch else message.draw for message in messages]
        drawn = sample_together(draws, cancellation)
    except Exception as error:
        return [copy(error) for _ in messages]  # each is raised in a task of its own, and gathers a traceback there
    return [_result(_encoding(*pair, watch)) for pair in zip(messages, drawn, strict=True)]


def _encoding(message: Message, arrays: dict[str, NDArray[Any]], watch: Stopwatch | None) -> Callable[[], bytes]:
    def encode() -> bytes:
        message.cancellation.check()
        check_codes(message.draw.model, arrays)
        return message.encoded(arrays, watch)

    return encode


def _result(make: Callable[[], bytes]) -> Result:
    try:
        return make()
    except Exception as error:
        return error
