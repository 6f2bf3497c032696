"""Identifies the caller."""

from collections.abc import Awaitable, Callable
from typing import Any

from grpc import aio

from synthserve_server.errors import UnauthenticatedError
from synthserve_server.security.principals import Administrators, Principal, by_certificate, set_principal
from synthserve_server.telemetry.metadata import Metadata

_SCHEME = "bearer "


class Authentication:
    """Checks the bearer token of each call, where tokens are required."""

    def __init__(self, administrators: Administrators, find: Callable[[str], Awaitable[Principal]] | None) -> None:
        """Sets up the check.

        Args:
            administrators: The callers without tokens that have the role of an administrator.
            find: Returns the principal of a token, or raises a `ServiceError`; None: no token is required.
        """
        self._administrators = administrators
        self._find = find

    async def identify(self, metadata: Metadata, context: aio.ServicerContext[Any, Any]) -> None:
        """Identifies the caller that this task serves: by the token, else by the client's certificate.

        Args:
            metadata: The metadata of the call.
            context: The call.

        Raises:
            ServiceError: A token is required, and the caller has no valid one.
        """
        principal = await self.by_token(metadata)
        set_principal(principal or by_certificate(context, self._administrators))

    async def by_token(self, metadata: Metadata) -> Principal | None:
        """The principal of the call's token; None if no token is required.

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
