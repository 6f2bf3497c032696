"""Lets calls through that come from somebody who may make them."""

from collections.abc import Callable
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health
from grpc_status import rpc_status

from synthserve_server.errors import UnauthenticatedError, to_status
from synthserve_server.security.principals import Principal, calling

_OPEN = f"/{health.SERVICE_NAME}/"
"""What probes call; they have no token."""

_SCHEME = "bearer "


class Authentication(aio.ServerInterceptor):
    """Asks every call but health checks for a bearer token."""

    def __init__(self, find: Callable[[str], Principal | None]) -> None:
        """Closes the server.

        Args:
            find: The principal of a token; None: it is nobody's.
        """
        self._find = find

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Finds out who calls, and puts a refusal in place of the handler where that is nobody."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_OPEN):
            return handler
        token = _bearer_token(handler_call_details.invocation_metadata)
        principal = self._find(token) if token else None
        if principal is None:
            return _refusal(handler, UnauthenticatedError(wrong=bool(token)))
        calling.set(principal)
        return handler


def _bearer_token(metadata: Any) -> str | None:  # noqa: ANN401 - grpc's types are loose.
    for key, value in metadata:
        if key == "authorization" and isinstance(value, str) and value[: len(_SCHEME)].lower() == _SCHEME:
            return value[len(_SCHEME) :].strip()
    return None


def _refusal(handler: Any, error: Exception) -> Any:  # noqa: ANN401 - grpc's types are loose.
    """A handler of the same shape that ends its call with an error before anything is parsed."""

    async def refuse(_request: Any, context: aio.ServicerContext[Any, Any]) -> None:  # noqa: ANN401 - grpc's types are loose.
        status = rpc_status.to_status(to_status(error))
        await context.abort(status.code, status.details, (*context.trailing_metadata(), *status.trailing_metadata))

    make: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(refuse)
