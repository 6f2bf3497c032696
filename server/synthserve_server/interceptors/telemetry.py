"""Notes what happens to every call, and gives it its request id."""

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import grpc
import structlog
from grpc import aio

from synthserve_server.interceptors import OWN_SERVICES
from synthserve_server.telemetry.calls import UNKNOWN, Call, StartRecorder, serving
from synthserve_server.telemetry.outcome import status
from synthserve_server.telemetry.request_ids import KEY

Context = aio.ServicerContext[Any, Any]

_log = structlog.get_logger()


class CallTelemetry(aio.ServerInterceptor):
    """Takes down the calls to this package's services. The outermost interceptor: it is to see what others refuse."""

    def __init__(self, recorders: Sequence[StartRecorder]) -> None:
        """Wires it.

        Args:
            recorders: Who take down calls; looked at for each call.
        """
        self._recorders = recorders

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Wraps the handler of a call."""
        method: str = handler_call_details.method
        own = method.startswith(OWN_SERVICES)
        call = Call(method.removeprefix("/"), handler_call_details.invocation_metadata)
        if own:
            serving.set(call)
            structlog.contextvars.bind_contextvars(request_id=call.request_id)
        handler = await continuation(handler_call_details)
        if handler is None:
            call.method = UNKNOWN  # Before anybody sees it: it can be anything.
            call.begin("", self._recorders)
            call.ended(grpc.StatusCode.UNIMPLEMENTED.name)
        return self._wrapped(handler, call) if handler and own else handler

    def _wrapped(self, handler: Any, call: Call) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """A handler of the same shape that takes down what the other does, and gives gRPC bytes."""
        wrap: Callable[..., Any]
        make, behaviour, wrap = {
            (False, False): (grpc.unary_unary_rpc_method_handler, handler.unary_unary, self._unary),
            (False, True): (grpc.unary_stream_rpc_method_handler, handler.unary_stream, self._streaming),
            (True, False): (grpc.stream_unary_rpc_method_handler, handler.stream_unary, self._unary),
            (True, True): (grpc.stream_stream_rpc_method_handler, handler.stream_stream, self._streaming),
        }[handler.request_streaming, handler.response_streaming]
        if handler.response_streaming and not inspect.isasyncgenfunction(behaviour):
            wrap = self._refusing
        serialise = handler.response_serializer or (lambda response: response)
        return make(wrap(call, behaviour, serialise), request_deserializer=handler.request_deserializer)

    def _unary(self, call: Call, behaviour: Callable[..., Awaitable[Any]], serialise: Callable[[Any], bytes]) -> Any:  # noqa: ANN401 - grpc's types are loose
        async def handle(request: Any, context: Context) -> bytes:  # noqa: ANN401 - grpc's types are loose
            self._begin(call, context)
            data = serialise(await behaviour(request, context))
            call.sending(len(data))
            return data

        return handle

    def _streaming(self, call: Call, behaviour: Callable[..., Any], serialise: Callable[[Any], bytes]) -> Any:  # noqa: ANN401 - grpc's types are loose
        async def handle(request: Any, context: Context) -> AsyncIterator[bytes]:  # noqa: ANN401 - grpc's types are loose
            self._begin(call, context)
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    data = serialise(response)
                    call.sending(len(data))
                    given = time.perf_counter()
                    yield data
                    call.sent(given)

        return handle

    def _refusing(self, call: Call, behaviour: Callable[..., Awaitable[None]], _serialise: Any) -> Any:  # noqa: ANN401 - grpc's types are loose
        """For a stream that other interceptors end before it begins: a coroutine that sends no message."""

        async def handle(request: Any, context: Context) -> None:  # noqa: ANN401 - grpc's types are loose
            self._begin(call, context)
            await behaviour(request, context)

        return handle

    def _begin(self, call: Call, context: Context) -> None:
        context.set_trailing_metadata(((KEY, call.request_id),))
        call.begin(context.peer(), self._recorders)

        def finished(ctx: Context) -> None:
            code = status(ctx)
            call.ended(code)
            if not call.stream and code != grpc.StatusCode.OK.name:
                _log.info("call ended", method=call.method, code=code, seconds=round(call.seconds, 3), **call.ids)

        context.add_done_callback(finished)  # type: ignore[arg-type]  # The stubs ask for a subclass.
