"""How long making a message took. The runtime measures it for whoever asks; it does not know what becomes of it."""

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
        samples: How many it computed: with those that fill packets, and those of other messages; without the zeros that
            fill up a batch on a GPU.
        started: When it began, as `time.perf_counter` counts.
        ended: When it ended.
    """

    samples: int
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Timings:
    """When what happened to one message that was made; as `time.perf_counter` counts.

    Attributes:
        enqueued_at: When it was put in the queue.
        started: When a worker took it.
        runs: The runs of the graph that it took; none where it has no samples.
        encoding: When its encoding began.
        ended: When it was made.
        together: How many messages the runs were for, this one counted.
        first: Whether it is the first of them that is told about, so that who adds up runs counts each once.
    """

    enqueued_at: float
    started: float
    runs: Sequence[Run]
    encoding: float
    ended: float
    together: int
    first: bool


Observer: TypeAlias = Callable[[Timings], None]
"""Is told about each message that was made, in the thread that made it."""


class Stopwatch:
    """Measures the making of messages that are made together."""

    def __init__(self, together: int) -> None:
        """Starts now.

        Args:
            together: How many messages.
        """
        self._together = together
        self._runs: list[Run] = []
        self._told = False
        self._started = time.perf_counter()

    def timed(self, draw: Draw) -> Draw:
        """The same draw, of a graph whose runs are measured."""
        return replace(draw, graph=_TimedGraph(draw.graph, self._runs))

    def timings(self, enqueued_at: float, encoding: float) -> Timings:
        """The timings of a message that has just been made; the arguments are as in `Timings`."""
        first, self._told = not self._told, True
        return Timings(enqueued_at, self._started, self._runs, encoding, time.perf_counter(), self._together, first)


class _TimedGraph:
    """A graph that notes its runs."""

    def __init__(self, graph: Graph, runs: list[Run]) -> None:
        self._graph = graph
        self._runs = runs

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        started = time.perf_counter()
        results = self._graph.run(feeds, size, cancellation)
        self._runs.append(Run(size, started, time.perf_counter()))
        return results
