"""One log line for each finished stream."""

from typing import Any

import structlog
from grpc import aio

from synthserve_server.telemetry.calls import Call, Stream
from synthserve_server.telemetry.outcome import status

_log = structlog.get_logger()


def write(call: Call, stream: Stream, principal: str, context: aio.ServicerContext[Any, Any]) -> None:
    """Writes the line. Call it when the call is over.

    Args:
        call: The call.
        stream: The samples that it generated.
        principal: The name of the caller.
        context: gRPC's context of the call.
    """
    _log.info(
        "stream finished",
        principal=principal,
        model=stream.model,
        version=stream.version,
        seed=stream.seed,
        offset=stream.offset,
        count=stream.count,
        samples=call.samples,
        seconds=round(call.seconds, 3),
        code=status(context, call.seconds),
        **call.ids,
    )
