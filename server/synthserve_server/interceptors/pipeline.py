"""What happens around every call, in its order: the one interceptor that the server has.

gRPC builds the chain of interceptors anew for each call, and each that wraps a stream is one more generator that every
message passes. So there is one; what it asks, in turn, are plain objects.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from synthserve_server.errors import InvalidRequestError, Violation
from synthserve_server.interceptors import OPEN_SERVICE, OWN_SERVICES
from synthserve_server.interceptors.admission import Gate
from synthserve_server.interceptors.authentication import Authentication
from synthserve_server.interceptors.errors import abort
from synthserve_server.interceptors.lifecycle import Lifecycle
from synthserve_server.interceptors.telemetry import CallTelemetry

Context = aio.ServicerContext[Any, Any]


class Pipeline(aio.ServerInterceptor):
    """Wraps the handler of each method when it is called for the first time.

    Calls to this package's services pass every stage. Those to others are only asked who calls, health not even that.
    """

    def __init__(
        self, telemetry: CallTelemetry, authentication: Authentication, lifecycle: Lifecycle, gate: Gate
    ) -> None:
        """Wires the stages."""
        self._telemetry = telemetry
        self._authentication = authentication
        self._lifecycle = lifecycle
        self._gate = gate
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """The handler of a call. gRPC runs it in the same task, which is how context variables get there."""
        method, metadata = handler_call_details.method, handler_call_details.invocation_metadata
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                self._telemetry.unknown(metadata)
                return None
            if method.startswith(OPEN_SERVICE):
                return handler
            if not method.startswith(OWN_SERVICES):
                return await self._guarded(method, handler, metadata)
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        self._telemetry.arrived(method, metadata)
        return wrapped

    async def _guarded(self, method: str, handler: Any, metadata: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """The handler of another service as it is, or one that refuses the call before anything is parsed."""
        try:
            await self._authentication.identify(metadata)
        except Exception as error:
            return _refusal(method, handler, error)
        return handler

    def _wrap(self, method: str, handler: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """A handler of the same shape that takes and gives bytes."""
        parse, serialise = _checked(handler.request_deserializer), handler.response_serializer or _as_it_is
        if handler.request_streaming:
            # gRPC parses what the service reads, and so nothing of a call that is refused.
            handle = self._streaming(method, handler.stream_stream, _as_it_is, serialise)
            return grpc.stream_stream_rpc_method_handler(handle, request_deserializer=parse)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(self._streaming(method, handler.unary_stream, parse, serialise))
        return grpc.unary_unary_rpc_method_handler(self._unary(method, handler.unary_unary, parse, serialise))

    def _unary(
        self,
        method: str,
        behaviour: Callable[..., Awaitable[Any]],
        parse: Callable[[bytes], Any],
        serialise: Callable[[Any], bytes],
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        async def handle(request: bytes, context: Context) -> bytes:
            call = self._telemetry.begin(context)
            try:
                await self._authentication.identify(call.metadata)
                with self._lifecycle.counted(context):
                    self._gate.admit(method, context)
                    data = serialise(await behaviour(parse(request), context))
                    call.sending(len(data))
                    return data
            except Exception as error:
                await abort(method, error, context)

        return handle

    def _streaming(
        self,
        method: str,
        behaviour: Callable[..., AsyncGenerator[Any, None]],
        parse: Callable[[Any], Any],
        serialise: Callable[[Any], bytes],
    ) -> Callable[[Any, Context], AsyncIterator[bytes]]:
        async def handle(request: Any, context: Context) -> AsyncIterator[bytes]:  # noqa: ANN401 - bytes, or an iterator of messages
            call = self._telemetry.begin(context)
            try:
                await self._authentication.identify(call.metadata)
                with self._lifecycle.counted(context):
                    self._gate.admit(method, context)
                    async with aclosing(behaviour(parse(request), context)) as responses:
                        async for response in responses:
                            data = serialise(response)
                            call.sending(len(data))
                            given = time.perf_counter()
                            yield data
                            call.sent(given)
            except Exception as error:
                await abort(method, error, context)

        return handle


def _checked(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Parses, and tells the caller where that fails."""

    def checked(data: bytes) -> Any:  # noqa: ANN401 - a message
        try:
            return parse(data)
        except DecodeError:
            raise InvalidRequestError([Violation("", "the request is not a message of the method's type")]) from None

    return checked


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - what is parsed or serialised elsewhere
    return value


def _refusal(method: str, handler: Any, error: Exception) -> Any:  # noqa: ANN401 - grpc's types are loose.
    """A handler of the same shape that ends its call with an error."""

    async def refuse(_request: Any, context: Context) -> None:  # noqa: ANN401 - grpc's types are loose.
        await abort(method, error, context)

    make: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(refuse)
