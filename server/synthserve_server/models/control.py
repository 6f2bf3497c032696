"""Control of the served models: the mode, the wanted models, and the results of changes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """What decides which models are served; the names are those of Triton's `--model-control-mode`."""

    NONE = "none"
    """The models in the repository at the start."""
    POLL = "poll"
    """The models in the repository, which is checked for changes periodically."""
    EXPLICIT = "explicit"
    """The models that were requested by name."""


@dataclass
class Changes:
    """The result of an operation, by the names of versions.

    Attributes:
        loaded: Versions that are new or have a new package.
        unloaded: Versions that are no longer served.
        failed: Versions that could not be loaded, and the reasons.
    """

    loaded: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.loaded or self.unloaded or self.failed)


class Wanted:
    """The models to serve: all with exceptions, or only those that are named."""

    def __init__(self, names: Iterable[str] | None) -> None:
        """Starts with the named models; None: with all."""
        self._by_default = names is None
        self._exceptions = set(names or ())

    def __contains__(self, model_id: str) -> bool:
        return (model_id in self._exceptions) != self._by_default

    def add(self, model_id: str) -> None:
        """Adds a model."""
        self._set(model_id, wanted=True)

    def remove(self, model_id: str) -> None:
        """Removes a model."""
        self._set(model_id, wanted=False)

    def _set(self, model_id: str, *, wanted: bool) -> None:
        (self._exceptions.discard if wanted == self._by_default else self._exceptions.add)(model_id)
