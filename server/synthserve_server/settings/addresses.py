"""Parses addresses to listen on: HOST:PORT."""

import ipaddress
import re
from dataclasses import dataclass

_LARGEST_PORT = 65_535
_NAME = re.compile(r"\w([\w.-]*[\w.])?")


@dataclass(frozen=True)
class Address:
    """An address to listen on.

    Attributes:
        host: A host name or an IP address; an IPv6 address without brackets.
        port: From 0 to 65535; 0 means any free port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """HOST:PORT."""
        return f"{self.written_host}:{self.port}"

    @property
    def written_host(self) -> str:
        """The host as written before a port: an IPv6 address is in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether the host means every address of this machine."""
        number = _number(self.host)
        return number is not None and number.is_unspecified

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect to it.

        `localhost` is the only such name: the address of any other name can change.
        """
        if self.host.lower() == "localhost":
            return True
        number = _number(self.host)
        return number is not None and number.is_loopback


def parse(text: str) -> Address:
    """Parses HOST:PORT; an IPv6 address may be in brackets.

    Args:
        text: The text.

    Raises:
        ValueError: The text is malformed; the message is worded to follow the name of the setting.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError("must be HOST:PORT")
    if text.endswith("]"):
        raise ValueError(f"must be HOST:PORT: the port is missing, as in {text}:50051")
    if text.startswith(("unix:", "unix-abstract:")):
        raise ValueError("must be HOST:PORT; Unix sockets are not served")
    if not (port.isascii() and port.isdecimal() and len(port) <= len("65535") and int(port) <= _LARGEST_PORT):
        raise ValueError(
            f"must be HOST:PORT: the port is a number from 0 (a free one) to {_LARGEST_PORT}, not {port!r}"
        )
    if not host:
        raise ValueError(
            f"must be HOST:PORT: the host is missing; 127.0.0.1:{port} is for this machine only, 0.0.0.0:{port} for all"
        )
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    is_ipv6 = ":" in host and _number(host) is not None
    if not is_ipv6 and (bracketed or not _NAME.fullmatch(host)):
        raise ValueError(
            f"must be HOST:PORT: {host!r} is neither a host name nor an IP address{_hint(host, bracketed)}"
        )
    return Address(host, int(port))


def _number(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        number = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(number, "ipv4_mapped", None) or number


def _hint(host: str, bracketed: bool) -> str:
    if "//" in host:
        return "; leave out the scheme"
    if bracketed or ":" in host:
        return "; an IPv6 address and a port are written [::1]:50051"
    return ""
