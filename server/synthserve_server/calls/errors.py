"""Ends failed calls with the status that `status` assigns to the exception."""

import asyncio
from typing import Any, NoReturn

import grpc
import structlog
from grpc import aio
from grpc_status import rpc_status

from synthserve_server.status import pushback, status_code, to_status

_log = structlog.get_logger()


async def abort(method: str, error: Exception, context: aio.ServicerContext[Any, Any]) -> NoReturn:
    """Ends a call.

    Args:
        method: The method, for the log.
        error: The exception that the method raised.
        context: The call.

    Raises:
        AbortError: Always; gRPC ends the call with it.
    """
    if isinstance(error, aio.AbortError):
        raise error
    if status_code(error) is grpc.StatusCode.INTERNAL:
        _log.error("call failed", method=method, exc_info=error)
    told = to_status(error)
    status = rpc_status.to_status(told)
    trailers = (*context.trailing_metadata(), *status.trailing_metadata, *pushback(told))
    _forget_frames(error)
    await context.abort(status.code, status.details, trailers)
    raise asyncio.CancelledError  # Not reached: abort raises.


def _forget_frames(error: BaseException | None) -> None:
    """Releases the objects that the frames of the call hold, such as a model's session.

    The exception that ends the call has this one as its context and is part of a reference cycle in gRPC. Both live
    until the garbage collector runs, which can take hours on an idle server.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
