"""One call, as it is noted while it runs."""

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
"""Stands for methods and models that the server does not have: what callers make up names no series and no span."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What a call generates.

    Attributes:
        model: The model's identifier.
        version: The version that was resolved.
        seed: The seed, drawn or given; None: the noise is the caller's own.
        offset: The index of the first sample.
        count: How many samples are asked for; None: until the caller cancels.
    """

    model: str
    version: int
    seed: int | None
    offset: int
    count: int | None


class Recorder(Protocol):
    """Takes down what happens to one call. All but `made` are called in the event loop."""

    def named(self, model: str) -> None:
        """The caller asks for a model with this identifier, which is perhaps not there."""

    def generating(self, stream: Stream) -> None:
        """The request is in order, and it is this that is generated."""

    def made(self, timings: Timings) -> None:
        """A message was made; called in the thread that made it, also after the call has ended."""

    def sending(self, size: int) -> None:
        """A message of so many bytes is about to be sent."""

    def sent(self, started: float, ended: float) -> None:
        """The message was taken by gRPC, which it does once there is room; as `time.perf_counter` counts."""

    def delivered(self, samples: int) -> None:
        """The message had so many samples."""

    def ended(self, code: str, seconds: float) -> None:
        """The call is over, with this status code, after so long."""


class Call:
    """A call to a service of this package."""

    def __init__(self, method: str, metadata: Metadata) -> None:
        """Notes that a call has come.

        Args:
            method: `synthserve.v1.GenerationService/GenerateRows`, say.
            metadata: What it came with.
        """
        self.method = method
        self.metadata = metadata
        self.started = time.perf_counter()
        self.request_id = request_id(metadata)
        self.trace_id = trace_id(metadata)
        """The trace that the call is part of; empty: of none."""
        self.peer = ""
        self.stream: Stream | None = None
        self.samples = 0
        """Samples in the messages that gRPC has taken."""
        self._recorders: list[Recorder] = []

    @property
    def observer(self) -> Observer | None:
        """Whom to tell about messages that are made; None: nobody wants to know."""
        return self._made if self._recorders else None

    @property
    def ids(self) -> dict[str, str]:
        """What finds it in logs and traces."""
        ids = {"request_id": self.request_id, "peer": self.peer}
        return {**ids, "trace_id": self.trace_id} if self.trace_id else ids

    @property
    def seconds(self) -> float:
        """How long ago it came."""
        return time.perf_counter() - self.started

    def begin(self, peer: str, recorders: "Sequence[StartRecorder]") -> None:
        """Notes that it is served; from here on it is certain to end.

        Args:
            peer: Where it came from.
            recorders: Who take it down.
        """
        self.peer = peer
        self._recorders = [start(self) for start in recorders]

    def named(self, name: str) -> None:
        """Notes which model or version it asks for; it can be anything that a caller makes up."""
        parsed = names.parse(name)
        for recorder in self._recorders:
            recorder.named(parsed.id if parsed else UNKNOWN)

    def generating(self, stream: Stream) -> None:
        """Notes what it generates."""
        self.stream = stream
        for recorder in self._recorders:
            recorder.generating(stream)

    def sending(self, size: int) -> None:
        """Notes that a message is about to be sent."""
        for recorder in self._recorders:
            recorder.sending(size)

    def sent(self, started: float) -> None:
        """Notes that gRPC has taken a message which was given to it at `started`."""
        if self._recorders:
            ended = time.perf_counter()
            for recorder in self._recorders:
                recorder.sent(started, ended)

    def delivered(self, samples: int) -> None:
        """Notes how many samples were in a message that gRPC has taken."""
        self.samples += samples
        for recorder in self._recorders:
            recorder.delivered(samples)

    def ended(self, code: str) -> None:
        """Notes its end."""
        seconds = self.seconds
        for recorder in self._recorders:
            recorder.ended(code, seconds)

    def _made(self, timings: Timings) -> None:
        for recorder in self._recorders:
            recorder.made(timings)


StartRecorder: TypeAlias = Callable[[Call], Recorder]
"""Begins to take down a call."""

serving: ContextVar[Call] = ContextVar("serving")
"""The call that this task serves."""
