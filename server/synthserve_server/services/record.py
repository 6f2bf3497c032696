"""One log line for each finished stream."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from synthserve_server.errors import status_code

_log = structlog.get_logger()


@dataclass
class StreamRecord:
    """What is noted about a stream while it runs."""

    model: str
    seed: int
    offset: int
    samples: int = 0
    """Samples in the messages that gRPC has taken."""
    status: str | None = None
    """The status code's name; None: the client cancelled, hung up or had no more time."""
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def outcome(self) -> Iterator[None]:
        """Notes how the `with` block ends."""
        try:
            yield
        except Exception as error:
            self.status = status_code(error).name
            raise
        else:
            self.status = "OK"

    def write(self) -> None:
        """Writes the line."""
        _log.info(
            "stream finished",
            model=self.model,
            seed=self.seed,
            offset=self.offset,
            samples=self.samples,
            seconds=round(time.monotonic() - self.started, 3),
            status=self.status or "CANCELLED",
        )
