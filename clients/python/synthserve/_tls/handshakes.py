"""Whether gRPC can use credentials: it reads them when it connects, so it connects to a socket of this process."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNUSABLE = "failed to create security handshaker"
_SECONDS = 10.0


def can_begin(credentials: grpc.ChannelCredentials) -> bool:
    """Returns whether gRPC can begin a handshake with these credentials, which it does with all that it can read."""
    options = (("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0))
    with _listening() as (listener, target), grpc.secure_channel(target, credentials, options) as channel:
        ask: Any = channel.unary_unary("/synthserve.Trial/Handshake")
        call = ask.future(b"", timeout=_SECONDS)
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            # Either gRPC has given up already, or it waits for the answer to its ClientHello, which never arrives.
            with connection:
                connection.settimeout(_SECONDS)
                connection.recv(1)
        error = call.exception()
    return _UNUSABLE not in str(error.details()).lower()


@contextlib.contextmanager
def _listening() -> Iterator[tuple[socket.socket, str]]:
    """A socket that only this machine can connect to, and gRPC's name of it."""
    if sys.platform == "linux":
        name = f"synthserve-{secrets.token_hex(8)}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"\0{name}")
        listener.listen()
        target = f"unix-abstract:{name}"
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        target = f"127.0.0.1:{listener.getsockname()[1]}"
    with listener:
        listener.settimeout(_SECONDS)
        yield listener, target
