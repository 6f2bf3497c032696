"""One log line for each finished stream."""

import time
from dataclasses import dataclass, field
from typing import Any

import grpc
import structlog
from grpc import aio

_log = structlog.get_logger()


@dataclass
class StreamRecord:
    """What is noted about a stream while it runs."""

    principal: str
    model: str
    seed: int
    offset: int
    samples: int = 0
    """Samples in the messages that gRPC has taken."""
    started: float = field(default_factory=time.monotonic)

    def write(self, context: aio.ServicerContext[Any, Any]) -> None:
        """Writes the line; to be called when the call is over."""
        _log.info(
            "stream finished",
            principal=self.principal,
            model=self.model,
            seed=self.seed,
            offset=self.offset,
            samples=self.samples,
            seconds=round(time.monotonic() - self.started, 3),
            status=_status(context),
        )


def _status(context: aio.ServicerContext[Any, Any]) -> str:
    code: grpc.StatusCode | None = context.code()
    if code is not None:
        return code.name
    # Without a status that was sent, the client has cancelled, hung up or had no more time.
    return "OK" if context.done() else "CANCELLED"
