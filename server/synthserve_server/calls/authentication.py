"""Finds out who calls."""

from collections.abc import Awaitable, Callable

from synthserve_server.errors import UnauthenticatedError
from synthserve_server.security.principals import Administrators, Principal, administrators, calling
from synthserve_server.telemetry.metadata import Metadata

_SCHEME = "bearer "


class Authentication:
    """Asks for a bearer token, where one is wanted."""

    def __init__(self, admins: Administrators, find: Callable[[str], Awaitable[Principal]] | None) -> None:
        """Closes the server, or leaves it open.

        Args:
            admins: Who has the role of an administrator beside the tokens that carry it.
            find: Gives the principal of a token, or raises a `ServiceError`; None: no token is wanted.
        """
        self._admins = admins
        self._find = find

    async def identify(self, metadata: Metadata) -> None:
        """Notes who makes the call that this task serves, for `principals.who`.

        Args:
            metadata: What the call came with.

        Raises:
            ServiceError: Somebody who may not.
        """
        administrators.set(self._admins)
        if self._find is None:
            return
        token = _bearer_token(metadata)
        if not token:
            raise UnauthenticatedError(wrong=False)
        calling.set(await self._find(token))


def _bearer_token(metadata: Metadata) -> str | None:
    for key, value in metadata:
        if key == "authorization" and isinstance(value, str) and value[: len(_SCHEME)].lower() == _SCHEME:
            return value[len(_SCHEME) :].strip()
    return None
