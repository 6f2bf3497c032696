"""Finds the HTTP proxy that gRPC takes for a target, to name it in messages."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from synthserve._transport.targets import hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTINGS = ("grpc_proxy", "https_proxy", "http_proxy")
_EXCEPTIONS = ("no_grpc_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. `str()` is for messages.

    Attributes:
        address: Its URL, without user and password.
        source: The environment variable, or the channel argument, that names it.
    """

    address: str
    source: str

    def __str__(self) -> str:
        return f"{self.address} ({self.source})"


def find_proxy(
    target: str, environment: Mapping[str, str], options: Mapping[str, str | int] | None = None
) -> Proxy | None:
    """Finds the proxy for a target, by the rules of gRPC's C core (`http_proxy_mapper.cc`).

    The first setting that is there counts, also if it is empty, which means no proxy. Only proxies of the scheme `http`
    are used. A list of exceptions has suffixes of host names, and addresses or networks.

    Args:
        target: The server's address.
        environment: The environment variables.
        options: Channel arguments; they come before the environment.

    Returns:
        The proxy; None where gRPC connects directly.
    """
    given = options or {}
    if not given.get("grpc.enable_http_proxy", 1) or target.startswith(("unix:", "unix-abstract:", "vsock:")):
        return None
    settings = {"grpc.http_proxy": str(given["grpc.http_proxy"])} if "grpc.http_proxy" in given else {}
    settings |= {name: environment[name] for name in _SETTINGS if name in environment}
    source, url = next(iter(settings.items()), ("", ""))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not host or _is_exception(target, environment):
        return None
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"http://{shown}" + (f":{port}" if port else ""), source)


def _is_exception(target: str, environment: Mapping[str, str]) -> bool:
    listed = next((environment[name] for name in _EXCEPTIONS if name in environment), "")
    entries = [entry.strip() for entry in listed.split(",") if entry.strip()]
    (host, _), *_ = hosts(target)
    return any(host.lower().endswith(entry.lower()) or _is_in(host, entry) for entry in entries)


def _is_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
