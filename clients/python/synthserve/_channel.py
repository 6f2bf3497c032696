"""How a channel to the server is set up; the same for `grpc` and `grpc.aio`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TypeAlias

from synthserve._checks import invalid, text

ChannelOptions: TypeAlias = Sequence[tuple[str, str | int]]
"""Channel arguments of gRPC."""

Metadata: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
"""gRPC metadata to send with every call, keys in lower case."""

_DEFAULTS: dict[str, str | int] = {
    "grpc.primary_user_agent": f"synthserve-python/{version('synthserve')}",
    # Messages are at most a few MiB; gRPC's own limit is 4.
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    # A broken stream goes on as soon as a server is back, not after gRPC's backoff of up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    # Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
    "grpc.keepalive_time_ms": 330_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # Calls are tried again here. gRPC's own retries can leave one that meets a closing server without an end, even past
    # its deadline (grpcio 1.60 to 1.85 at least).
    "grpc.enable_retries": 0,
}

_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:")
HOST_PORT = re.compile(r"(?P<host>\[[^][/\s]+\]|[^][:/\s]+)(?::(?P<port>[0-9]{1,5}))?")
"""An address without a scheme: a host, in brackets if it is an IPv6 address with a port, and a port."""


def checked_target(target: str) -> str:
    """Returns a server's address if it can be one.

    gRPC would try to find it first, and then say that the server is unavailable.

    Raises:
        InvalidRequest: It cannot.
    """
    if text("target", target).startswith(_SCHEMES):
        return target
    match = HOST_PORT.fullmatch(target)
    if match is None:
        try:
            ipaddress.IPv6Address(target)
        except ValueError:
            raise invalid("target", f"must be HOST:PORT, not {target!r}") from None
    elif match["port"] is not None and not 1 <= int(match["port"]) <= 65_535:
        raise invalid("target", f"the port must be from 1 to 65535, not {match['port']}")
    return target


def channel_options(options: ChannelOptions) -> list[tuple[str, str | int]]:
    """Puts the caller's options over the defaults."""
    return list({**_DEFAULTS, **dict(options)}.items())


def metadata_pairs(metadata: Metadata) -> tuple[tuple[str, str], ...]:
    """Puts metadata into the form that gRPC takes."""
    return tuple(metadata.items() if isinstance(metadata, Mapping) else metadata)
