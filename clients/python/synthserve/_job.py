"""What a stream asks for and what its first response settled: shared by the sync and the asyncio streams."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from synthserve._checks import invalid
from synthserve._models import ImageSchema, TableSchema, image_schema, table_schema
from synthserve._names import ModelVersion, parse_version
from synthserve._resume import Request, Response, Resume

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from synthserve._transport.retry import RetryPolicy
    from synthserve.v1 import generation_pb2 as pb

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RowInfo:
    """What holds for a whole stream of rows."""

    model: ModelVersion
    seed: int
    schema: TableSchema
    preamble: bytes


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What holds for a whole stream of images."""

    model: ModelVersion
    seed: int
    schema: ImageSchema
    media_type: str


Info = TypeVar("Info", bound=RowInfo | ImageInfo)


def row_info(response: pb.GenerateRowsResponse) -> RowInfo:
    """Reads the `info` of a first response of rows."""
    info = response.info
    return RowInfo(parse_version(info.model), info.seed, table_schema(info.schema), info.preamble)


def row_count(response: pb.GenerateRowsResponse) -> int:
    """Tells how many rows a response carries."""
    return response.row_count


def image_info(response: pb.GenerateImagesResponse) -> ImageInfo:
    """Reads the `info` of a first response of images."""
    info = response.info
    return ImageInfo(parse_version(info.model), info.seed, image_schema(info.schema), info.media_type)


def image_count(response: pb.GenerateImagesResponse) -> int:
    """Tells how many images a response carries."""
    return len(response.images)


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


class Job(Generic[Request, Response, Info]):
    """One request for samples, which can be run several times with the same outcome.

    The first response of the first run settles model version and seed for all later runs.

    Args:
        request: What the caller asked for.
        size: Tells how many samples a response carries.
        read_info: Reads the `info` of a first response.
        policy: How often to try again.
        on_progress: Called after each message with the number of samples so far in this run.
    """

    def __init__(
        self,
        request: Request,
        *,
        size: Callable[[Response], int],
        read_info: Callable[[Response], Info],
        policy: RetryPolicy,
        on_progress: Callable[[int], None] | None,
    ) -> None:
        self.request = request
        self.info: Info | None = None
        self._size = size
        self._read_info = read_info
        self._policy = policy
        self._on_progress = on_progress

    def run(self, **fields: object) -> Resume[Request, Response]:
        """Begins a run; `fields` are set in the request."""
        request = copy.deepcopy(self.request)
        if self.info is not None:
            request.model = self.info.model.resource
            request.seed = self.info.seed
        for name, value in fields.items():
            setattr(request, name, value)
        return Resume(request, self._size, self._policy)

    def settle(self, run: Resume[Request, Response] | None, response: Response, current: Info | None) -> Info:
        """Takes note of a message of a run, and reports progress.

        Args:
            run: The run; None for one that only settles.
            response: Its newest message.
            current: What held for the run before this message; None at its first.

        Returns:
            What holds for the run.
        """
        if current is None:
            current = self._read_info(response)
            self.info = self.info or current
        if run is not None and self._on_progress is not None:
            self._on_progress(run.next_index - self.request.offset)
        return current

    def require_end(self, what: str) -> None:
        """Refuses a stream without an end.

        Raises:
            InvalidRequest: `count` is not set.
        """
        if not self.request.HasField("count"):
            raise invalid("count", f"must be set: {what} needs an end")
