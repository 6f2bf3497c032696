"""What a terminal method does with the messages of a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from synthserve._samples.kinds import Info
from synthserve._transport.resume import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

Result = TypeVar("Result")


class Sink(ABC, Generic[Info, Response, Result]):
    """What a terminal method does with the messages. It blocks; asyncio runs it in a thread."""

    fields: Mapping[str, object] = MappingProxyType({})
    """Fields of the request that the sink decides."""

    @abstractmethod
    def write(self, info: Info, response: Response) -> None:
        """Takes the next message; there is at least one."""

    @abstractmethod
    def finish(self) -> Result:
        """Takes note that all have come."""

    def abort(self) -> None:
        """Takes note that no more will come; leaves nothing half done."""
