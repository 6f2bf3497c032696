"""Who decides which models are served, which ones that are, and what came of changing it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """Who decides; the names are those of Triton's `--model-control-mode`."""

    NONE = "none"
    """What lies in the repository at the start, for good."""
    POLL = "poll"
    """What lies in the repository, looked at again and again."""
    EXPLICIT = "explicit"
    """What was asked for, by name."""


@dataclass
class Changes:
    """What an operation did, by the names of versions.

    Attributes:
        loaded: Those that are served now: new ones, and ones whose package was another before.
        unloaded: Those that are not served any more.
        failed: Those that could not be loaded, and why.
    """

    loaded: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.loaded or self.unloaded or self.failed)


class Wanted:
    """The models that are to be served: all but some, or none but some."""

    def __init__(self, names: Iterable[str] | None) -> None:
        """Begins with some models; None: with all."""
        self._by_default = names is None
        self._exceptions = set(names or ())

    def __contains__(self, model_id: str) -> bool:
        return (model_id in self._exceptions) != self._by_default

    def add(self, model_id: str) -> None:
        """Wants a model."""
        self._set(model_id, wanted=True)

    def remove(self, model_id: str) -> None:
        """Wants a model no more."""
        self._set(model_id, wanted=False)

    def _set(self, model_id: str, *, wanted: bool) -> None:
        (self._exceptions.discard if wanted == self._by_default else self._exceptions.add)(model_id)
