"""Bearer tokens: where they may be sent, and the header that they are sent in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from synthserve._channel import HOST_PORT
from synthserve._checks import invalid

Token: TypeAlias = str | Callable[[], str]
"""A bearer token, or what gives one for each attempt of a call."""

AsyncToken: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""The same for asyncio; what gives one can be awaited."""

_TOKEN = re.compile(r"[\x20-\x7e]+")
_RESOLVED = ("dns:", "ipv4:", "ipv6:")


def check_use(target: str, *, secured: bool, allowed: bool, twice: bool) -> None:
    """Refuses a token that others could read on its way, or that is not the only one.

    Args:
        target: The server's address.
        secured: Whether the connection is.
        allowed: Whether the token may be read by others.
        twice: Whether the metadata of the client bring one too.

    Raises:
        InvalidRequest: It must not be sent.
    """
    if twice:
        raise invalid("token", "the metadata have `authorization` already")
    if not (secured or allowed or is_local(target)):
        raise invalid(
            "token",
            f"would be sent to {target} in plain text; connect over TLS (credentials=synthserve.tls_credentials(...)), "
            "or say insecure_token=True where something else secures the connection",
        )


def authorization(token: object) -> tuple[str, str]:
    """The header for a token.

    Raises:
        InvalidRequest: It is not text that a header can hold. The message does not repeat it, as gRPC's own would.
    """
    stripped = token.strip() if isinstance(token, str) else ""
    if not _TOKEN.fullmatch(stripped):
        raise invalid("token", "must be a line of ASCII text")
    return "authorization", f"Bearer {stripped}"


def is_local(target: str) -> bool:
    """Whether what is sent there stays on this machine."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    if target.startswith(_RESOLVED):
        target = target.partition(":")[2].rpartition("/")[2]
    return all(_is_loopback(address) for address in target.split(","))


def _is_loopback(address: str) -> bool:
    match = HOST_PORT.fullmatch(address)
    host = match["host"] if match else address
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
