"""How a call has ended."""

from typing import Any

import grpc
from grpc import aio

_BREATH = 0.02
"""A call that breaks off with fewer seconds left has run out of time: the client's clock is the first to say so."""


def status(context: aio.ServicerContext[Any, Any]) -> str:
    """The name of the status code of a call that is over."""
    code: grpc.StatusCode | None = context.code()
    if code is not None:
        return code.name
    if context.done():
        return grpc.StatusCode.OK.name
    # No status was sent: the client has cancelled, hung up or had no more time.
    left: float | None = context.time_remaining()
    late = left is not None and left < _BREATH
    return (grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED).name
