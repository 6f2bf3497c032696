"""The only interceptor of the server: runs the stages around every call in order.

gRPC rebuilds the chain of interceptors for each call, and each one that wraps a stream adds a generator that every
message passes through. So a single interceptor calls the stages, which are plain objects.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from synthserve_server.calls.admission import Gate
from synthserve_server.calls.authentication import Authentication
from synthserve_server.calls.errors import abort
from synthserve_server.calls.lifecycle import Lifecycle
from synthserve_server.calls.telemetry import CallTelemetry
from synthserve_server.errors import InvalidRequestError, RequestTooLargeError, UndeclaredMethodError, Violation
from synthserve_server.rpcs import Rpc

Context = aio.ServicerContext[Any, Any]


class Pipeline(aio.ServerInterceptor):
    """Serves the declared methods, each through all stages.

    Calls to gRPC's own services are only authenticated; health checks pass without that.
    """

    def __init__(
        self,
        telemetry: CallTelemetry,
        authentication: Authentication,
        lifecycle: Lifecycle,
        gate: Gate,
        open_services: tuple[str, ...],
    ) -> None:
        """Wires the stages.

        Args:
            telemetry: Records every call.
            authentication: Identifies the caller.
            lifecycle: Refuses calls while the server drains.
            gate: Refuses calls that lack a role or exceed a limit.
            open_services: The full names of services that need no authentication.
        """
        self._telemetry = telemetry
        self._authentication = authentication
        self._lifecycle = lifecycle
        self._gate = gate
        self._open = tuple(f"/{service}/" for service in open_services)
        self._services: tuple[str, ...] = ()
        self._handlers: dict[str, Any] = {}

    def serve(self, rpcs: Mapping[str, Rpc]) -> None:
        """Serves methods, by path; other methods of the same services are refused."""
        self._handlers = {path: self._handler(rpc) for path, rpc in rpcs.items()}
        self._services = tuple({path[: path.rindex("/") + 1] for path in rpcs})

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Returns the handler of a call. gRPC runs it in the same task, so it sees the context variables set here."""
        method, metadata = handler_call_details.method, handler_call_details.invocation_metadata
        if (declared := self._handlers.get(method)) is not None:
            self._telemetry.arrived(method, metadata)
            return declared
        if method.startswith(self._services):
            self._telemetry.unknown(metadata)
            return _refusal(method, (False, False), UndeclaredMethodError(method))
        handler = await continuation(handler_call_details)
        if handler is None:
            self._telemetry.unknown(metadata)
            return None
        if method.startswith(self._open):
            return handler
        try:
            await self._authentication.by_token(metadata)
        except Exception as error:
            return _refusal(method, (handler.request_streaming, handler.response_streaming), error)
        return handler

    def _handler(self, rpc: Rpc) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """A handler for the method that takes and returns bytes."""
        parse = _checked(rpc)
        if rpc.descriptor.client_streaming:
            # gRPC parses messages as the service reads them, so it parses nothing of a refused call.
            return grpc.stream_stream_rpc_method_handler(
                self._streaming(rpc, lambda requests: requests), request_deserializer=parse
            )
        if rpc.descriptor.server_streaming:
            return grpc.unary_stream_rpc_method_handler(self._streaming(rpc, parse))
        return grpc.unary_unary_rpc_method_handler(self._unary(rpc, parse))

    def _unary(self, rpc: Rpc, parse: Callable[[bytes], Any]) -> Callable[[bytes, Context], Any]:
        async def handle(request: bytes, context: Context) -> bytes:
            call = self._telemetry.begin(context)
            try:
                await self._authentication.identify(call.metadata, context)
                with self._lifecycle.counted(context):
                    self._gate.admit(rpc, context)
                    data = _serialised(await rpc.handle(parse(request), context))
                    call.sending(len(data))
                    return data
            except Exception as error:
                await abort(rpc.path, error, context)

        return handle

    def _streaming(self, rpc: Rpc, parse: Callable[[Any], Any]) -> Callable[[Any, Context], AsyncIterator[bytes]]:
        async def handle(request: Any, context: Context) -> AsyncIterator[bytes]:  # noqa: ANN401 - bytes, or an iterator of messages
            call = self._telemetry.begin(context)
            try:
                await self._authentication.identify(call.metadata, context)
                with self._lifecycle.counted(context):
                    self._gate.admit(rpc, context)
                    async with aclosing(rpc.handle(parse(request), context)) as responses:
                        async for response in responses:
                            data = _serialised(response)
                            call.sending(len(data))
                            given = time.perf_counter()
                            yield data
                            call.sent(given)
            except Exception as error:
                await abort(rpc.path, error, context)

        return handle


def _checked(rpc: Rpc) -> Callable[[bytes], Any]:
    """A parser for requests of the method that raises a ServiceError for a large or malformed one."""

    def parse(data: bytes) -> Any:  # noqa: ANN401 - a message
        if len(data) > rpc.largest_request:
            raise RequestTooLargeError(len(data), rpc.largest_request)
        try:
            return rpc.parse(data)
        except DecodeError:
            raise InvalidRequestError([Violation("", "the request is not a message of the method's type")]) from None

    return parse


def _serialised(response: Any) -> bytes:  # noqa: ANN401 - a message, or its bytes
    return response if isinstance(response, bytes) else response.SerializeToString()


def _refusal(method: str, streaming: tuple[bool, bool], error: Exception) -> Any:  # noqa: ANN401 - grpc's types are loose.
    """A handler that ends its call with an error; `streaming` says whether requests and responses are streams."""

    async def refuse(_request: Any, context: Context) -> None:  # noqa: ANN401 - grpc's types are loose.
        await abort(method, error, context)

    make: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[streaming]
    return make(refuse)
