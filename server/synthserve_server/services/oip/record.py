"""One log line for each call that runs graphs."""

from dataclasses import dataclass
from typing import Any

import structlog
from grpc import aio

from synthserve_server.telemetry.calls import Call
from synthserve_server.telemetry.outcome import status

_log = structlog.get_logger()


@dataclass
class InferenceRecord:
    """The counts of a call while it runs."""

    call: Call
    principal: str
    answered: int = 0
    """How many requests were answered."""
    failed: int = 0
    """How many requests of a stream failed."""

    def write(self, context: aio.ServicerContext[Any, Any]) -> None:
        """Writes the line. Call it when the call is over."""
        run = self.call.stream  # the last model that was run
        _log.info(
            "inference finished",
            principal=self.principal,
            model=run.model if run else None,
            version=run.version if run else None,
            answered=self.answered,
            failed=self.failed,
            samples=self.call.samples,
            seconds=round(self.call.seconds, 3),
            code=status(context, self.call.seconds),
            **self.call.ids,
        )
