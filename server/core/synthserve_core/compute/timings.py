"""Measures how long it takes to make a message, for an observer."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.sampler import Draw, Graph
from synthserve_core.contract.model import Tensors


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a graph.

    Attributes:
        samples: Samples computed. Includes those that fill packets and those of other messages, but not the zeros that
            pad a batch on a GPU.
        started: When it began, by `time.perf_counter`.
        ended: When it ended.
    """

    samples: int
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Timings:
    """Timestamps of one finished message, by `time.perf_counter`.

    Attributes:
        enqueued_at: When it was put in the queue.
        started: When a worker took it.
        runs: The runs of the graph; empty if the message has no samples.
        encoding: When its encoding began.
        ended: When it was finished.
        together: How many messages shared the runs, including this one.
        first: Whether it is the first of them to be reported. An observer that sums over runs uses only the first, so
            that it counts each run once.
    """

    enqueued_at: float
    started: float
    runs: Sequence[Run]
    encoding: float
    ended: float
    together: int
    first: bool


Observer: TypeAlias = Callable[[Timings], None]
"""Called with the timings of each finished message, in the thread that made it."""


class Stopwatch:
    """Times messages that share their runs."""

    def __init__(self, together: int) -> None:
        """Starts the clock.

        Args:
            together: How many messages.
        """
        self._together = together
        self._runs: list[Run] = []
        self._reported = False
        self._started = time.perf_counter()

    def timed(self, draw: Draw) -> Draw:
        """The same draw with a graph whose runs are timed."""
        return replace(draw, graph=_TimedGraph(draw.graph, self._runs))

    def timings(self, enqueued_at: float, encoding: float) -> Timings:
        """The timings of a message that has just been finished; the arguments are attributes of `Timings`."""
        first, self._reported = not self._reported, True
        return Timings(enqueued_at, self._started, self._runs, encoding, time.perf_counter(), self._together, first)


class _TimedGraph:
    """A graph that records its runs."""

    def __init__(self, graph: Graph, runs: list[Run]) -> None:
        self._graph = graph
        self._runs = runs

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        started = time.perf_counter()
        results = self._graph.run(feeds, size, cancellation)
        self._runs.append(Run(size, started, time.perf_counter()))
        return results
