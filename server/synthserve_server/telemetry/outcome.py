"""How a call has ended."""

from typing import Any

import grpc
from grpc import aio

_LATE_SECONDS, _LATE_PART = 0.05, 0.05
"""A call that breaks off with no more seconds, or part of its time, left has run out of time: the client's clock, which
has begun before the call came, is the first to say so."""


def status(context: aio.ServicerContext[Any, Any], seconds: float) -> str:
    """The name of the status code of a call that is over.

    Args:
        context: The call.
        seconds: How long ago it came.
    """
    code: grpc.StatusCode | None = context.code()
    if code is not None:
        return code.name
    if context.done():
        return grpc.StatusCode.OK.name
    # No status was sent: the client has cancelled, hung up or had no more time.
    left: float | None = context.time_remaining()
    late = left is not None and left < max(_LATE_SECONDS, _LATE_PART * (seconds + left))
    return (grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED).name
