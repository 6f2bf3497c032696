"""What need not be counted, as it can be looked up at any time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from synthserve_server.models.states import State


@dataclass(frozen=True, slots=True)
class ModelState:
    """The state of a version.

    Attributes:
        model: The model's identifier.
        version: The version.
        state: What it can do.
    """

    model: str
    version: int
    state: State


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is looked up whenever somebody asks for the metrics. All can be called in any thread.

    Attributes:
        states: The versions that there are.
        is_known: Whether there is such a model.
        waiting: How many messages wait for a worker.
        workers: How many workers there are.
    """

    states: Callable[[], Iterable[ModelState]]
    is_known: Callable[[str], bool]
    waiting: Callable[[], int]
    workers: int
