"""What a driver is told, and what it tells: plain values that go from process to process."""

import enum
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.workloads import Workload


class Transport(enum.Enum):
    """How a driver reaches its samples."""

    IN_PROCESS = "in-process"
    """No server: threads make the messages that a server would send, and drop them."""
    SDK = "sdk"
    """The Python SDK, which decodes what it gets."""
    GRPC_STREAM = "gRPC stream"
    """A server-streaming call whose messages are counted as bytes."""
    GRPC_UNARY = "gRPC"
    """A unary call whose answer is counted as bytes."""
    HTTP = "HTTP"
    """A request over a connection that is kept, whose answer is counted as bytes."""


@dataclass(frozen=True)
class Plan:
    """What a driver is to do."""

    transport: Transport
    workload: Workload
    seconds: float
    """New calls are begun for so long; each caller makes at least one."""
    limit: float
    """Calls that have not ended after so many seconds are cancelled."""
    address: str = ""
    """HOST:PORT."""
    method: str = ""
    """gRPC: the full name of the method."""
    requests: tuple[bytes, ...] = ()
    """What is sent for one call of the workload: one request, or several in turn where a server cannot stream."""
    warm_up: bytes = b""
    """What is sent once before anything is timed, for one sample: the first call of a client takes longer."""
    repository: Path = Path()
    """In-process: the model packages."""

    @property
    def samples_a_request(self) -> int:
        """The samples that one of the requests asks for; they ask for as many each."""
        return self.workload.count // len(self.requests)


@dataclass
class Record:
    """What a driver saw."""

    seconds: float = 0.0
    """From the first call to the end of the last one."""
    received: int = 0
    """Bytes of all calls."""
    latencies: list[float] = field(default_factory=list)
    """Seconds of each call that ended."""
    firsts: list[float] = field(default_factory=list)
    """Seconds of each call to its first message, or to the first bytes of its body."""
    samples: int = 0
    """Of requests that were answered in full."""
    unfinished: int = 0
    """Calls that were cancelled at the limit."""
