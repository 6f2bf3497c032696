"""Records one call while it runs."""

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from synthserve_core.compute.timings import Observer, Timings
from synthserve_core.contract import names
from synthserve_server.telemetry.metadata import Metadata
from synthserve_server.telemetry.request_ids import request_id, trace_id

UNKNOWN = "unknown"
"""The name for methods and models that the server does not have: callers must not create new series or spans."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The samples that a call generates.

    Attributes:
        model: The model's identifier.
        version: The resolved version.
        seed: The seed, drawn or given; None if the caller sends the noise.
        offset: The index of the first sample.
        count: How many samples are requested; None: until the caller cancels.
    """

    model: str
    version: int
    seed: int | None
    offset: int
    count: int | None


class Recorder(Protocol):
    """Records the events of one call. All methods but `made` are called in the event loop."""

    def named(self, model: str) -> None:
        """The caller asks for a model with this identifier, which may not exist."""

    def generating(self, stream: Stream) -> None:
        """The request is valid, and generates these samples."""

    def made(self, timings: Timings) -> None:
        """A message was made; called in the thread that made it, possibly after the call has ended."""

    def sending(self, size: int) -> None:
        """A message of `size` bytes is about to be sent."""

    def sent(self, started: float, ended: float) -> None:
        """The message was accepted by gRPC, which waits for room first; times by `time.perf_counter`."""

    def delivered(self, samples: int) -> None:
        """The message had `samples` samples."""

    def ended(self, code: str, seconds: float) -> None:
        """The call has ended with this status code, after `seconds`."""


class Call:
    """A call to a service of this package."""

    def __init__(self, method: str, metadata: Metadata) -> None:
        """Records that a call has arrived.

        Args:
            method: The method, such as `synthserve.v1.GenerationService/GenerateRows`.
            metadata: The metadata of the call.
        """
        self.method = method
        self.metadata = metadata
        self.started = time.perf_counter()
        self.request_id = request_id(metadata)
        self.trace_id = trace_id(metadata)
        """The trace that the call is part of; empty if there is none."""
        self.peer = ""
        self.stream: Stream | None = None
        self.samples = 0
        """How many samples were in the messages that gRPC has accepted."""
        self._recorders: list[Recorder] = []

    @property
    def observer(self) -> Observer | None:
        """The observer of made messages; None if there are no recorders."""
        return self._made if self._recorders else None

    @property
    def ids(self) -> dict[str, str]:
        """The ids that identify the call in logs and traces."""
        ids = {"request_id": self.request_id, "peer": self.peer}
        return {**ids, "trace_id": self.trace_id} if self.trace_id else ids

    @property
    def seconds(self) -> float:
        """Seconds since the call arrived."""
        return time.perf_counter() - self.started

    def begin(self, peer: str, recorders: "Sequence[StartRecorder]") -> None:
        """Records that a handler serves the call, after which `ended` is certain to follow.

        Args:
            peer: The address of the client.
            recorders: Start a recorder for the call.
        """
        self.peer = peer
        self._recorders = [start(self) for start in recorders]

    def named(self, name: str) -> None:
        """Records the model or version in the request; the name can be any text."""
        parsed = names.parse(name)
        for recorder in self._recorders:
            recorder.named(parsed.id if parsed else UNKNOWN)

    def generating(self, stream: Stream) -> None:
        """Records the samples to generate."""
        self.stream = stream
        for recorder in self._recorders:
            recorder.generating(stream)

    def sending(self, size: int) -> None:
        """Records that a message is about to be sent."""
        for recorder in self._recorders:
            recorder.sending(size)

    def sent(self, started: float) -> None:
        """Records that gRPC has accepted a message that it was given at `started`."""
        if self._recorders:
            ended = time.perf_counter()
            for recorder in self._recorders:
                recorder.sent(started, ended)

    def delivered(self, samples: int) -> None:
        """Records the number of samples in a message that gRPC has accepted."""
        self.samples += samples
        for recorder in self._recorders:
            recorder.delivered(samples)

    def ended(self, code: str) -> None:
        """Records the end of the call."""
        seconds = self.seconds
        for recorder in self._recorders:
            recorder.ended(code, seconds)

    def _made(self, timings: Timings) -> None:
        for recorder in self._recorders:
            recorder.made(timings)


StartRecorder: TypeAlias = Callable[[Call], Recorder]
"""Starts to record a call."""

serving: ContextVar[Call] = ContextVar("serving")
"""The call that this task serves."""
