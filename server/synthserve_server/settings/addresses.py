"""Addresses to listen on, as people write them: HOST:PORT."""

import ipaddress
import re
from dataclasses import dataclass

_LARGEST_PORT = 65_535
_NAME = re.compile(r"\w([\w.-]*[\w.])?")


@dataclass(frozen=True)
class Address:
    """A place to listen on.

    Attributes:
        host: A name or a number, an IPv6 one without brackets.
        port: From 0 to 65535; 0 means a free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """As HOST:PORT."""
        return f"{self.written_host}:{self.port}"

    @property
    def written_host(self) -> str:
        """The host as it stands before a port: an IPv6 number in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether it means every address of this machine."""
        number = _number(self.host)
        return number is not None and number.is_unspecified

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect to it.

        Of names only `localhost` is known for that: another can mean another address tomorrow.
        """
        if self.host.lower() == "localhost":
            return True
        number = _number(self.host)
        return number is not None and number.is_loopback


def parse(text: str) -> Address:
    """Reads HOST:PORT; an IPv6 number may stand in brackets or not.

    Args:
        text: What somebody wrote.

    Raises:
        ValueError: It is something else; the message says what, as the end of a sentence that names the setting.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError("must be HOST:PORT")
    if text.endswith("]"):
        raise ValueError(f"must be HOST:PORT: there is no port; with one it is {text}:50051")
    if text.startswith(("unix:", "unix-abstract:")):
        raise ValueError("must be HOST:PORT; Unix sockets are not served")
    if not (port.isascii() and port.isdecimal() and len(port) <= len("65535") and int(port) <= _LARGEST_PORT):
        raise ValueError(
            f"must be HOST:PORT: the port is a number from 0 (a free one) to {_LARGEST_PORT}, not {port!r}"
        )
    if not host:
        raise ValueError(
            f"must be HOST:PORT: there is no host; 127.0.0.1:{port} is for this machine alone, 0.0.0.0:{port} for any"
        )
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    is_ipv6 = ":" in host and _number(host) is not None
    if not is_ipv6 and (bracketed or not _NAME.fullmatch(host)):
        raise ValueError(f"must be HOST:PORT: {host!r} is no host name and no IP address{_hint(host, bracketed)}")
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
