"""Counts the calls, refuses new ones while the server drains, and ends those that take too long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

import grpc
from grpc import aio

from synthserve_server.errors import ShuttingDownError
from synthserve_server.interceptors import OWN_SERVICES

Context = aio.ServicerContext[Any, Any]


class Lifecycle(aio.ServerInterceptor):
    """The calls to this package's services that are under way.

    Health checks and reflection are not counted: a health watch has no end, and must not hold up the shutdown.
    """

    def __init__(self) -> None:
        """Accepts calls."""
        self._calls: dict[asyncio.Task[Any], Context] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._ending = False

    @property
    def active(self) -> int:
        """How many calls are under way."""
        return len(self._calls)

    def drain(self) -> None:
        """Refuses calls from now on."""
        self._draining = True

    async def idle(self, seconds: float) -> bool:
        """Waits until no call is under way, at most so long; whether that came true."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return self._idle.is_set()

    def end(self) -> None:
        """Ends the calls under way with UNAVAILABLE, so that clients go on elsewhere."""
        self._ending = True
        for task, context in self._calls.items():
            # A call whose message is being sent ends without another word here; this is what the log says of it.
            context.set_code(grpc.StatusCode.UNAVAILABLE)
            task.cancel()

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Wraps the handler of a call."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(OWN_SERVICES):
            return handler
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._streaming(handler.stream_stream), handler.request_deserializer, handler.response_serializer
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._streaming(handler.unary_stream), handler.request_deserializer, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(handler.unary_unary), handler.request_deserializer, handler.response_serializer
        )

    def _unary(self, behaviour: Callable[..., Awaitable[Any]]) -> Any:  # noqa: ANN401 - grpc's types are loose
        async def handle(request: Any, context: Context) -> Any:  # noqa: ANN401 - grpc's types are loose
            with self._counted(context):
                return await behaviour(request, context)

        return handle

    def _streaming(self, behaviour: Callable[..., Any]) -> Any:  # noqa: ANN401 - grpc's types are loose
        async def handle(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401 - grpc's types are loose
            with self._counted(context):
                async with aclosing(behaviour(request, context)) as responses:
                    async for response in responses:
                        yield response

        return handle

    @contextmanager
    def _counted(self, context: Context) -> Iterator[None]:
        """Counts a call from here to its end, which can be later or earlier than that of the `with` block."""
        if self._draining:
            raise ShuttingDownError
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler always runs in a task.
        self._calls[task] = context
        self._idle.clear()

        def finished(ctx: Context) -> None:
            self._calls.pop(task, None)
            if not self._calls:
                self._idle.set()

        context.add_done_callback(finished)  # type: ignore[arg-type]  # The stubs ask for a subclass.
        try:
            yield
        except asyncio.CancelledError:
            if self._ending:
                raise ShuttingDownError from None
            raise
