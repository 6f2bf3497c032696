"""Values for metrics that are read on demand instead of counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from synthserve_server.models.states import State


@dataclass(frozen=True, slots=True)
class ModelState:
    """The state of a version.

    Attributes:
        model: The model's identifier.
        version: The version.
        state: Its state.
    """

    model: str
    version: int
    state: State


@dataclass(frozen=True, slots=True)
class Gauges:
    """Functions that are called for each read of the metrics, in any thread.

    Attributes:
        states: The states of all versions.
        is_known: Whether a model exists.
        waiting: How many messages wait for a worker.
        workers: How many workers there are.
    """

    states: Callable[[], Iterable[ModelState]]
    is_known: Callable[[str], bool]
    waiting: Callable[[], int]
    workers: int
