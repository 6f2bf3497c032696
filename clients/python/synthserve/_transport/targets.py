"""Addresses of servers: what can be one, and which are on this machine."""

from __future__ import annotations

import ipaddress
import re

from synthserve._checks import invalid, text

_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:")
_RESOLVED = ("dns:", "ipv4:", "ipv6:")
_WEB_ADDRESS = re.compile(r"(?P<scheme>https?|grpcs?)://(?P<rest>[^/]*)/?", re.IGNORECASE)
_HOST_PORT = re.compile(r"(?P<host>\[[^][/\s]+\]|[^][:/\s]+)(?::(?P<port>[0-9]{1,5}))?")


def checked_target(target: str) -> str:
    """Returns a server's address if it can be one.

    gRPC would try to find it first, and then say that the server is unavailable.

    Raises:
        InvalidRequest: It cannot.
    """
    if text("target", target).startswith(_SCHEMES):
        return target
    if web := _WEB_ADDRESS.fullmatch(target):
        secured = web["scheme"].lower() in ("https", "grpcs")
        tls = ", with TLS credentials" if secured else ""
        raise invalid("target", f"must be HOST:PORT{tls}, not {target!r}: write {web['rest']!r}")
    match = _HOST_PORT.fullmatch(target)
    if match is None:
        try:
            ipaddress.IPv6Address(target)
        except ValueError:
            raise invalid("target", f"must be HOST:PORT, not {target!r}") from None
    elif match["port"] is not None and not 1 <= int(match["port"]) <= 65_535:
        raise invalid("target", f"the port must be from 1 to 65535, not {match['port']}")
    return target


def is_local(target: str) -> bool:
    """Returns whether what is sent there stays on this machine: loopback addresses, `localhost` and Unix sockets."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    return all(_is_loopback(host) for host, _ in hosts(target))


def hosts(target: str) -> list[tuple[str, str]]:
    """The hosts of a target, without brackets, each with its port; "" where there is none."""
    if target.startswith(_RESOLVED):
        target = target.partition(":")[2].rpartition("/")[2]
    found = []
    for address in target.split(","):
        match = _HOST_PORT.fullmatch(address)
        host, port = (match["host"], match["port"] or "") if match else (address, "")
        found.append((host.removeprefix("[").removesuffix("]"), port))
    return found


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Not every version of Python recognizes ::ffff:127.0.0.1 as loopback.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
