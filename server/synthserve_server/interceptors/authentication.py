"""Lets calls through that come from somebody who may make them."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health
from grpc_status import rpc_status

from synthserve_server.errors import ServiceError, UnauthenticatedError, pushback, to_status
from synthserve_server.security.principals import Principal, calling

_OPEN = f"/{health.SERVICE_NAME}/"
"""What probes call; they have no token."""

_SCHEME = "bearer "


class Authentication(aio.ServerInterceptor):
    """Asks every call but health checks for a bearer token."""

    def __init__(self, find: Callable[[str], Awaitable[Principal]]) -> None:
        """Closes the server.

        Args:
            find: Gives the principal of a token, or raises a `ServiceError`.
        """
        self._find = find

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Finds out who calls, and puts a refusal in place of the handler where that is nobody."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_OPEN):
            return handler
        token = _bearer_token(handler_call_details.invocation_metadata)
        if not token:
            return _refusal(handler, UnauthenticatedError(wrong=False))
        try:
            calling.set(await self._find(token))
        except ServiceError as error:
            return _refusal(handler, error)
        return handler


def _bearer_token(metadata: Any) -> str | None:  # noqa: ANN401 - grpc's types are loose.
    for key, value in metadata:
        if key == "authorization" and isinstance(value, str) and value[: len(_SCHEME)].lower() == _SCHEME:
            return value[len(_SCHEME) :].strip()
    return None


def _refusal(handler: Any, error: Exception) -> Any:  # noqa: ANN401 - grpc's types are loose.
    """A handler of the same shape that ends its call with an error before anything is parsed."""

    async def refuse(_request: Any, context: aio.ServicerContext[Any, Any]) -> None:  # noqa: ANN401 - grpc's types are loose.
        told = to_status(error)
        status = rpc_status.to_status(told)
        trailers = (*context.trailing_metadata(), *status.trailing_metadata, *pushback(told))
        await context.abort(status.code, status.details, trailers)

    make: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(refuse)
