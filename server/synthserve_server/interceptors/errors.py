"""Turns exceptions into statuses with details."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc import aio
from grpc_status import rpc_status

from synthserve_server.errors import InvalidRequestError, Violation, pushback, status_code, to_status
from synthserve_server.interceptors import OWN_SERVICES

_log = structlog.get_logger()

Context = aio.ServicerContext[Any, Any]


class ErrorInterceptor(aio.ServerInterceptor):
    """Ends calls that raise with the status that the table in `errors` gives them."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Wraps the handler of a call."""
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or not method.startswith(OWN_SERVICES):
            return handler
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                _streaming(method, handler.stream_stream, partial(_each_parsed, parse=handler.request_deserializer)),
                response_serializer=handler.response_serializer,
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                _streaming(method, handler.unary_stream, partial(_parsed, parse=handler.request_deserializer)),
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            _unary(method, handler.unary_unary, handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )


def _unary(method: str, behaviour: Callable[..., Awaitable[Any]], parse: Callable[[bytes], Any]) -> Any:  # noqa: ANN401 - grpc's types are loose
    async def handle(request: bytes, context: Context) -> Any:  # noqa: ANN401 - grpc's types are loose
        try:
            return await behaviour(_parsed(request, parse), context)
        except Exception as error:
            await _abort(method, error, context)

    return handle


def _streaming(method: str, behaviour: Callable[..., Any], parsed: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - grpc's types are loose
    async def handle(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401 - bytes, or an iterator of them
        try:
            async with aclosing(behaviour(parsed(request), context)) as responses:
                async for response in responses:
                    yield response
        except Exception as error:
            await _abort(method, error, context)

    return handle


def _parsed(request: bytes, parse: Callable[[bytes], Any]) -> Any:  # noqa: ANN401 - grpc's types are loose
    try:
        return parse(request)
    except DecodeError:
        raise InvalidRequestError([Violation("", "the request is not a message of the method's type")]) from None


async def _each_parsed(requests: AsyncIterator[bytes], parse: Callable[[bytes], Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _parsed(request, parse)


async def _abort(method: str, error: Exception, context: Context) -> NoReturn:
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
