"""Finds out who calls."""

from collections.abc import Awaitable, Callable
from typing import Any

from grpc import aio

from synthserve_server.errors import UnauthenticatedError
from synthserve_server.security.principals import Administrators, Principal, by_certificate, set_principal
from synthserve_server.telemetry.metadata import Metadata

_SCHEME = "bearer "


class Authentication:
    """Asks for a bearer token, where one is wanted."""

    def __init__(self, administrators: Administrators, find: Callable[[str], Awaitable[Principal]] | None) -> None:
        """Closes the server, or leaves it open.

        Args:
            administrators: Who has the role of an administrator beside the tokens that carry it.
            find: Gives the principal of a token, or raises a `ServiceError`; None: no token is wanted.
        """
        self._administrators = administrators
        self._find = find

    async def identify(self, metadata: Metadata, context: aio.ServicerContext[Any, Any]) -> None:
        """Finds out who makes the call that this task serves: by its token, else by the client's certificate.

        Args:
            metadata: The metadata of the call.
            context: The call.

        Raises:
            ServiceError: The caller has no valid token where one is wanted.
        """
        principal = await self.by_token(metadata)
        set_principal(principal or by_certificate(context, self._administrators))

    async def by_token(self, metadata: Metadata) -> Principal | None:
        """The principal of a token; None: no token is wanted.

        Raises:
            ServiceError: The caller has no valid token.
        """
        if self._find is None:
            return None
        token = _bearer_token(metadata)
        if not token:
            raise UnauthenticatedError(wrong=False)
        return await self._find(token)


def _bearer_token(metadata: Metadata) -> str | None:
    for key, value in metadata:
        if key == "authorization" and isinstance(value, str) and value[: len(_SCHEME)].lower() == _SCHEME:
            return value[len(_SCHEME) :].strip()
    return None
