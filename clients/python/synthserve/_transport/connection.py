"""How a client reaches its server: checked once, before anything is sent; the same for `grpc` and `grpc.aio`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import grpc

from synthserve._checks import integer, invalid
from synthserve._transport.headers import HEADER, Metadata, Pairs, check_use, metadata_pairs
from synthserve._transport.proxies import Proxy, find_proxy
from synthserve._transport.targets import checked_target, is_local

if TYPE_CHECKING:
    from types import ModuleType

ChannelOptions: TypeAlias = Sequence[tuple[str, str | int]]
"""Channel arguments of gRPC."""

_DEFAULTS: dict[str, str | int] = {
    "grpc.primary_user_agent": f"synthserve-python/{version('synthserve')}",
    # Messages are at most a few MiB; gRPC's own limit is 4.
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    # A broken stream resumes as soon as a server is back, not after gRPC's backoff of up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    # Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
    "grpc.keepalive_time_ms": 330_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # This client retries calls itself. With gRPC's own retries, a call to a server that is shutting down may never end,
    # not even at its deadline (grpcio 1.60 to 1.85 at least).
    "grpc.enable_retries": 0,
}

# The second one is for GRPC_ADDRESS_HTTP_PROXY, which the first does not switch off.
_DIRECT: dict[str, str | int] = {"grpc.enable_http_proxy": 0, "grpc.address_http_proxy_enabled_addresses": ""}


@dataclass(frozen=True, slots=True)
class Connection:
    """The way to a server.

    Attributes:
        target: The server's address.
        credentials: What secures it; None: nothing does.
        metadata: The metadata of every call, besides the token.
        options: Channel arguments.
        proxy: The proxy that gRPC uses; None: it connects directly.
    """

    target: str
    credentials: grpc.ChannelCredentials | None
    metadata: Pairs
    options: tuple[tuple[str, str | int], ...]
    proxy: Proxy | None

    @classmethod
    def checked(
        cls,
        target: str,
        *,
        credentials: grpc.ChannelCredentials | None,
        metadata: Metadata,
        token: object,
        insecure_token: bool,
        options: ChannelOptions,
    ) -> Self:
        """Checks what a caller gave to a client.

        What stays on this machine never goes through a proxy, and a token in plain text meets nothing on its way.

        Raises:
            InvalidRequest: `target` is not an address, others could read the token on its way there, or gRPC would not
                take something.
        """
        checked_target(target)
        if not isinstance(credentials, grpc.ChannelCredentials | None):
            raise invalid("credentials", f"must come from synthserve.tls_credentials() or grpc, not {credentials!r}")
        pairs = metadata_pairs(metadata)
        in_metadata = any(key == HEADER for key, _ in pairs)
        secured = credentials is not None
        check_use(target, secured=secured, allowed=insecure_token, token=token, in_metadata=in_metadata)
        exposed = not secured and (token is not None or in_metadata)
        merged = {**_DEFAULTS, **_checked_options(options)}
        if is_local(target) or exposed:
            merged |= _DIRECT
        return cls(target, credentials, pairs, tuple(merged.items()), find_proxy(target, os.environ, merged))

    def open(self, library: ModuleType) -> Any:  # noqa: ANN401 - the two libraries have channels of their own types
        """Opens a channel of `grpc` or of `grpc.aio`; it connects when it is used."""
        if self.credentials is None:
            return library.insecure_channel(self.target, list(self.options))
        return library.secure_channel(self.target, self.credentials, list(self.options))


def _checked_options(options: ChannelOptions) -> dict[str, str | int]:
    try:
        given = dict(options)
    except (TypeError, ValueError):
        raise invalid("options", "must be pairs of a channel argument's name and its value") from None
    for name, value in given.items():
        if not isinstance(name, str):
            raise invalid("options", f"names of channel arguments must be strings, not {name!r}")
        # gRPC accepts text, and integers of the size of a C int. It checks other types itself.
        if isinstance(value, int):
            integer(f"options[{name!r}]", value, 32)
    return given
