"""What need not be counted, as it can be looked up at any time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

STATES = ("ready", "failed", "loading", "unloading")
"""The states of a version."""


@dataclass(frozen=True, slots=True)
class ModelState:
    """The state of a version.

    Attributes:
        model: The model's identifier.
        version: The version.
        state: One of `STATES`.
    """

    model: str
    version: int
    state: str


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
