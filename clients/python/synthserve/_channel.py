"""How a channel to the server is set up; the same for `grpc` and `grpc.aio`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TypeAlias

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
}


def channel_options(options: ChannelOptions) -> list[tuple[str, str | int]]:
    """Puts the caller's options over the defaults."""
    return list({**_DEFAULTS, **dict(options)}.items())


def metadata_pairs(metadata: Metadata) -> tuple[tuple[str, str], ...]:
    """Puts metadata into the form that gRPC takes."""
    return tuple(metadata.items() if isinstance(metadata, Mapping) else metadata)
