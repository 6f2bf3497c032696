"""Bearer tokens: where they may be sent, and the header that they are sent in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from synthserve._checks import invalid
from synthserve._transport.targets import is_local

Token: TypeAlias = str | Callable[[], str]
"""A bearer token, or what gives one for each attempt of a call."""

AsyncToken: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""The same for asyncio; what gives one can be awaited."""

HEADER = "authorization"
"""The metadata key of a token."""

_TOKEN = re.compile(r"[\x20-\x7e]+")
_BYTE_ORDER_MARK = "\ufeff"


def check_use(target: str, *, secured: bool, allowed: bool, token: object, in_metadata: bool) -> None:
    """Refuses a token that others could read on its way, or that is not the only one.

    Args:
        target: The server's address.
        secured: Whether the connection is.
        allowed: Whether the token may be read by others.
        token: The token, or what gives one; None: there is none.
        in_metadata: Whether the metadata of the client bring one.

    Raises:
        InvalidRequest: It must not be sent, or is none.
    """
    if token is None and not in_metadata:
        return
    if token is not None and in_metadata:
        raise invalid("token", f"the metadata have `{HEADER}` already")
    if token is not None and not callable(token):
        authorization(token)
    if not (secured or allowed or is_local(target)):
        raise invalid(
            "token" if token is not None else f"metadata[{HEADER!r}]",
            f"would be sent to {target} in plain text; connect over TLS (credentials=synthserve.tls_credentials(...)), "
            "or say insecure_token=True where something else secures the connection",
        )


def authorization(token: object) -> tuple[str, str]:
    """The header for a token. White space around it, and a byte order mark before it, are no part of it.

    Raises:
        InvalidRequest: It is not text that a header can hold. The message does not repeat it, as gRPC's own would.
    """
    stripped = token.removeprefix(_BYTE_ORDER_MARK).strip() if isinstance(token, str) else ""
    if not _TOKEN.fullmatch(stripped):
        raise invalid("token", "must be a line of ASCII text")
    return HEADER, f"Bearer {stripped}"
