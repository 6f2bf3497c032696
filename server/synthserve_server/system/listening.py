"""Reserves the addresses to listen on: all addresses of a host, or none, with the system's reason.

gRPC and Python's HTTP server start if they get one of several. A second server on `localhost:P` could then share the
port with a server on `127.0.0.1:P`, and get the calls of the other address family.
"""

import errno
import socket
from contextlib import ExitStack
from dataclasses import replace

from synthserve_server.settings.addresses import Address

_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""The errors for an address that this machine does not have, where no client can connect."""

_DRAWS = 20
"""How often to draw a free port until one is free at every address of a host."""

_LOWEST_FREE_PORT = 1024
"""On most systems, only administrators can listen on lower ports."""


class ListenError(Exception):
    """The address cannot be listened on; the message is one sentence."""


def bound(address: Address) -> dict[str, socket.socket]:
    """Binds a socket to every address of a host, all with the same port.

    Addresses that this machine does not have are skipped, unless it has none of them: many containers have no IPv6.

    Args:
        address: The address; port 0 draws a free port.

    Returns:
        The sockets by IP address, at least one. They do not listen yet.

    Raises:
        ListenError: An address is in use or forbidden, or this machine has none of them.
    """
    hosts = _hosts(address)
    draws = _DRAWS if address.port == 0 and len(hosts) > 1 else 1
    while True:
        try:
            return _bound(hosts, address.port)
        except OSError as error:
            draws -= 1
            if not draws or error.errno != errno.EADDRINUSE:
                raise ListenError(f"cannot listen on {address}: {_reason(error, address.port)}") from None


def places(address: Address) -> list[Address]:
    """The IP addresses and ports that gRPC must listen on, for all addresses of a host.

    The sockets are bound here first, because gRPC gives no reasons for failures. For 0.0.0.0 and [::] alike, gRPC
    listens on both address families.

    Args:
        address: The address; port 0 draws a free port.

    Returns:
        At least one IP address with a port. A single one keeps port 0, so that gRPC draws the port.

    Raises:
        ListenError: See `bound`.
    """
    if address.is_wildcard:
        address = replace(address, host="::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104 - asked for
    found = bound(address)
    taken = [Address(host, one.getsockname()[1]) for host, one in found.items()]
    for one in found.values():
        one.close()
    # A port that gRPC draws itself cannot be taken by another process in between.
    return taken if len(taken) > 1 else [replace(taken[0], port=address.port)]


def _hosts(address: Address) -> list[str]:
    """The IP addresses of a host."""
    if address.host.lower() == "localhost":
        return ["127.0.0.1", "::1"]  # regardless of the hosts file, as gRPC clients resolve it (RFC 6761)
    try:
        found = socket.getaddrinfo(address.host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ListenError(f"cannot listen on {address}: cannot find the host {address.host}: {why}") from None
    hosts = (place[0] if len(place) == 2 or not place[3] else f"{place[0]}%{place[3]}" for *_, place in found)
    return list(dict.fromkeys(map(str, hosts)))


def _bound(hosts: list[str], port: int) -> dict[str, socket.socket]:
    """Binds sockets to all addresses that this machine has.

    Raises:
        OSError: This machine has none of them, or one cannot be bound.
    """
    sockets: dict[str, socket.socket] = {}
    absent: OSError | None = None
    with ExitStack() as closing:
        for host in hosts:
            try:
                one = closing.enter_context(_socket(host, port))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
                absent = error
            else:
                sockets[host], port = one, one.getsockname()[1]
        if absent and not sockets:
            raise absent
        closing.pop_all()
    return sockets


def _socket(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    one = socket.socket(family, kind, protocol)
    try:
        # As in gRPC: a port in TIME_WAIT can be bound, but not one with a listener.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind(place)
    except OSError:
        one.close()
        raise
    return one


def _reason(error: OSError, port: int) -> str:
    """The reason of the system, and advice."""
    advice = {
        errno.EADDRINUSE: "the port is taken: stop the program that listens on it, or choose another",
        errno.EADDRNOTAVAIL: "this machine does not have the address",
        errno.EAFNOSUPPORT: "this machine has no addresses of this kind",
    }
    if error.errno == errno.EACCES and port < _LOWEST_FREE_PORT:
        advice[errno.EACCES] = f"choose a port from {_LOWEST_FREE_PORT}, or let the process use lower ones"
    said = error.strerror or str(error)
    return f"{advice[error.errno]} ({said})" if error.errno in advice else said
