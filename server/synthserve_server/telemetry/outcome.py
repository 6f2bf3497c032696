"""Determines the status code of a call that has ended."""

from typing import Any

import grpc
from grpc import aio

_LATE_SECONDS, _LATE_PART = 0.05, 0.05
"""A call that breaks off with at most so many seconds, or this part of its time, left has exceeded its deadline: the
client's clock started before the call arrived, so the client gives up first."""


def status(context: aio.ServicerContext[Any, Any], seconds: float) -> str:
    """The name of the status code of a call that has ended.

    Args:
        context: The call.
        seconds: Seconds since it arrived.
    """
    code: grpc.StatusCode | None = context.code()
    if code is not None:
        return code.name
    if context.done():
        return grpc.StatusCode.OK.name
    # No status was sent: the client cancelled, disconnected or exceeded its deadline.
    left: float | None = context.time_remaining()
    late = left is not None and left < max(_LATE_SECONDS, _LATE_PART * (seconds + left))
    return (grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED).name
