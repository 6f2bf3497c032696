"""Ends calls that have raised, with the status that the table in `errors` gives them."""

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
        error: What it has raised.
        context: The call.

    Raises:
        AbortError: As gRPC wants it.
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
    """Lets go of what the call had, a model's session for example.

    The exception that ends the call has this one as its context, and is part of a cycle in gRPC: both stay until the
    garbage collector comes by, which on a server with little to do can take hours.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
