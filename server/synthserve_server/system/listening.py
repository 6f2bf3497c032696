"""Takes the addresses to listen on: all that a host stands for, or none, with the system's reason.

gRPC and Python's HTTP server are content with one of several. A second server on `localhost:P` would then get the calls
of the other family beside a server on `127.0.0.1:P`.
"""

import errno
import socket
from contextlib import ExitStack
from dataclasses import replace

from synthserve_server.settings.addresses import Address

_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""What the system says of an address that this machine does not have: nobody can call there."""

_DRAWS = 20
"""How often a free port is drawn until it is free at every address of a host."""

_LOWEST_FREE_PORT = 1024
"""Below it, most systems let only administrators listen."""


class ListenError(Exception):
    """The address cannot be listened on; the message is one sentence."""


def bound(address: Address) -> dict[str, socket.socket]:
    """Sockets that are bound to every address that a host stands for, all with one port.

    Those that this machine does not have are left out, if there are others: in many containers there is no IPv6.

    Args:
        address: Where; port 0 draws a free one.

    Returns:
        At least one socket, by its IP address. None of them listens yet.

    Raises:
        ListenError: One of them is taken or forbidden, or this machine has none of them.
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
    """The places that gRPC is to listen on, for all that a host stands for.

    gRPC tells no reasons, so the system is asked first. For 0.0.0.0 and [::] alike, gRPC takes both families.

    Args:
        address: Where; port 0 draws a free one.

    Returns:
        At least one, with an IP address each. Where it is one alone, gRPC may be left to draw a port.

    Raises:
        ListenError: As `bound`.
    """
    if address.is_wildcard:
        address = replace(address, host="::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104 - asked for
    found = bound(address)
    taken = [Address(host, one.getsockname()[1]) for host, one in found.items()]
    for one in found.values():
        one.close()
    # What gRPC draws itself nobody else can be given meanwhile.
    return taken if len(taken) > 1 else [replace(taken[0], port=address.port)]


def _hosts(address: Address) -> list[str]:
    """The IP addresses that a host stands for."""
    if address.host.lower() == "localhost":
        return ["127.0.0.1", "::1"]  # whatever the machine's files say, as clients of gRPC have it (RFC 6761)
    try:
        found = socket.getaddrinfo(address.host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ListenError(f"cannot listen on {address}: cannot find the host {address.host}: {why}") from None
    hosts = (place[0] if len(place) == 2 or not place[3] else f"{place[0]}%{place[3]}" for *_, place in found)
    return list(dict.fromkeys(map(str, hosts)))


def _bound(hosts: list[str], port: int) -> dict[str, socket.socket]:
    """Sockets for all hosts that this machine has.

    Raises:
        OSError: There is none, or one that cannot be had.
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
        # As gRPC does it: connections that have ended do not keep the port, and what listens on it does.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind(place)
    except OSError:
        one.close()
        raise
    return one


def _reason(error: OSError, port: int) -> str:
    """What the system says, and what to do."""
    advice = {
        errno.EADDRINUSE: "the port is taken: stop the program that listens on it, or choose another",
        errno.EADDRNOTAVAIL: "this machine does not have the address",
        errno.EAFNOSUPPORT: "this machine has no addresses of this kind",
    }
    if error.errno == errno.EACCES and port < _LOWEST_FREE_PORT:
        advice[errno.EACCES] = f"choose a port from {_LOWEST_FREE_PORT}, or let the process use lower ones"
    said = error.strerror or str(error)
    return f"{advice[error.errno]} ({said})" if error.errno in advice else said
