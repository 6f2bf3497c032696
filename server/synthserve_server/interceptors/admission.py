"""Refuses calls that are over a limit, at once and before anything is computed for them."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
import structlog
from grpc import aio

from synthserve_server.errors import LimitExceededError
from synthserve_server.limits.admission import Admission, Refusal
from synthserve_server.limits.quotas import Kind
from synthserve_server.security.principals import who

_log = structlog.get_logger()

Context = aio.ServicerContext[Any, Any]

_COMPUTING: dict[str, Kind | None] = {
    "/synthserve.v1.GenerationService/GenerateRows": Kind.ROWS,
    "/synthserve.v1.GenerationService/GenerateImages": Kind.IMAGES,
    "/inference.GRPCInferenceService/ModelInfer": None,
    "/inference.GRPCInferenceService/ModelStreamInfer": None,
}
"""The methods that compute, and what; None: that depends on the model, which the service finds.

Others answer from what is in memory, and have no end that would be waited for.
"""

_LOG_SECONDS = 1.0


class AdmissionInterceptor(aio.ServerInterceptor):
    """Gives each stream a place, or none. Comes after authentication, as the caller is asked for."""

    def __init__(self, admission: Admission) -> None:
        """Has `admission` decide."""
        self._admission = admission
        self._refused = 0
        self._log_after = 0.0

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Wraps the handler of a call that computes."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method not in _COMPUTING:
            return handler
        kind = _COMPUTING[handler_call_details.method]
        wrap: Callable[..., Any]
        make, behaviour, wrap = {
            (False, False): (grpc.unary_unary_rpc_method_handler, handler.unary_unary, self._unary),
            (False, True): (grpc.unary_stream_rpc_method_handler, handler.unary_stream, self._streaming),
            (True, True): (grpc.stream_stream_rpc_method_handler, handler.stream_stream, self._streaming),
        }[handler.request_streaming, handler.response_streaming]
        return make(wrap(behaviour, kind), handler.request_deserializer, handler.response_serializer)

    def _unary(self, behaviour: Callable[..., Awaitable[Any]], kind: Kind | None) -> Any:  # noqa: ANN401 - grpc's types are loose
        async def handle(request: Any, context: Context) -> Any:  # noqa: ANN401 - grpc's types are loose
            self._admit(context, kind)
            return await behaviour(request, context)

        return handle

    def _streaming(self, behaviour: Callable[..., Any], kind: Kind | None) -> Any:  # noqa: ANN401 - grpc's types are loose
        async def handle(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401 - grpc's types are loose
            self._admit(context, kind)
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    yield response

        return handle

    def _admit(self, context: Context, kind: Kind | None) -> None:
        caller = who(context).name
        decision = self._admission.admit(caller, kind)
        if isinstance(decision, Refusal):
            self._note(caller, decision)
            raise LimitExceededError(decision)
        # Called when gRPC's task of the call is over, whatever ended it.
        context.add_done_callback(lambda _: decision.release())  # type: ignore[arg-type]  # The stubs ask for a subclass.

    def _note(self, caller: str, refusal: Refusal) -> None:
        """Tells the log, but not of every call: a flood of calls must not become a flood of lines."""
        self._refused += 1
        if (now := time.monotonic()) >= self._log_after:
            _log.warning(
                "calls refused", calls=self._refused, principal=caller, limit=refusal.limit, value=refusal.value
            )
            self._refused, self._log_after = 0, now + _LOG_SECONDS
