"""Why there is no connection: from gRPC's own words, which differ for each way to fail, to what a person can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthserve._transport.connection import Connection

_CONNECTING = "failed to connect to all addresses"
_RESOLVING = ("dns", "name resolution", "domain name", "errors resolving", "address lookup failed")
_PROXY_ANSWER = re.compile(r"http proxy returned response code (\d+)")

# gRPC's message about the last address that it has tried, without the status and the address.
_LAST = re.compile(r"last error: (?:[A-Z_]+: )?(?:(?:ipv4|ipv6|unix)\S*: )?(?P<said>.*)", re.DOTALL)

_CA = "tls_credentials(ca=...), on the command line --tls-ca FILE"
_UNKNOWN_AUTHORITY = (
    "the certificate of {target} was not issued by an authority that this client trusts: name the file of its "
    f"authority ({_CA})"
)
_OWN = "tls_credentials(certificate=..., key=...), on the command line --tls-client-certificate and --tls-client-key"

# A part of gRPC's message, and its explanation. The first match wins.
_OF_TLS: tuple[tuple[str, str], ...] = (
    (
        "wrong_version_number",
        "{target} does not speak TLS: connect without credentials, or give the server a certificate",
    ),
    (
        "certificate has expired",
        "the certificate of {target} has expired, or the clock of this machine is wrong: renew the certificate",
    ),
    (
        "certificate is not yet valid",
        "the certificate of {target} is not valid yet, or the clock of this machine is wrong",
    ),
    ("certificate_verify_failed", _UNKNOWN_AUTHORITY),
    ("certificate signature failure", _UNKNOWN_AUTHORITY),  # one of the same name, with another key
    (
        "hostname verification check failed",
        "the certificate of {target} is for another name: connect by a name that it holds",
    ),
    (
        "not in peer certificate",
        "the certificate of {target} is for another name: connect by a name that it holds",
    ),
    (
        "no_common_signature_algorithms",
        "{target} does not accept the kind of key that this client's certificate has: use RSA, P-256 or P-384",
    ),
    (
        "failed to create security handshaker",
        "gRPC cannot use the credentials: make them with synthserve.tls_credentials(), which says what is wrong",
    ),
    (
        "handshake read failed",
        "{target} closed the connection during the TLS handshake: it may not speak TLS, or not this version of it",
    ),
    (
        "handshake",
        "the TLS handshake with {target} failed",
    ),
)

_CLOSED = ("socket closed", "connection reset", "broken pipe", "end of tcp stream", "goaway")

_OF_NETWORKS: tuple[tuple[str, str], ...] = (
    ("http1.x", "what answers at {target} is not a gRPC server: check the port"),
    ("failed parsing http/2", "what answers at {target} is not a gRPC server: check the port"),
    ("no such file", "no server at {target} (there is no such socket): is it running?"),
    ("permission denied", "this user may not connect to {target}"),
    ("no route to host", "{target} cannot be reached (no route to the host): check the network"),
    ("unreachable", "{target} cannot be reached (the network is unreachable): check the network"),
    ("timed out", "{target} does not answer (timed out): check the address, and whether a firewall is between"),
    ("timeout", "{target} does not answer (timed out): check the address, and whether a firewall is between"),
)


def unreachable(said: str, connection: Connection) -> str:
    """Says why a server cannot be reached, and what to do.

    Args:
        said: The details of gRPC's status UNAVAILABLE.
        connection: How it was tried.
    """
    lower = said.lower()
    target, proxy = connection.target, connection.proxy
    place = f"the proxy {proxy}" if proxy else repr(target)
    through = f" through the proxy {proxy}" if proxy else ""
    if any(sign in lower for sign in _RESOLVING):
        return f"cannot find the host of {place}: check the address"
    if not lower.startswith(_CONNECTING):
        return f"lost the connection to {target}{through}: {said}"
    if refused := _PROXY_ANSWER.search(lower):
        named = place if proxy else "a proxy (GRPC_ADDRESS_HTTP_PROXY)"
        return f"{named} does not connect to {target}: it answered {refused[1]}"
    if "connection refused" in lower:
        if proxy:
            return f"no proxy at {proxy} (connection refused), through which {target} is to be reached: check it"
        hint = "is it running? `make serve` starts one; else check the address"
        return f"no server at {target} (connection refused): {hint}"
    return f"{_connecting(lower, connection)}{through}. gRPC says: {_last(said)}"


def _connecting(lower: str, connection: Connection) -> str:
    target, secured = connection.target, connection.credentials is not None
    signs = (_OF_TLS if secured else ()) + _OF_NETWORKS
    for sign, meaning in signs:
        if sign in lower:
            return meaning.format(target=target)
    if any(sign in lower for sign in _CLOSED):
        if secured:
            return (
                f"{target} closed the connection after the TLS handshake: it may want a certificate of this client, or "
                f"not accept the one that it got ({_OWN})"
            )
        return f"{target} closed the connection before it answered: it may want TLS ({_CA}, or --tls)"
    return f"cannot connect to {target}"


def _last(said: str) -> str:
    last = _LAST.search(said)
    return (last["said"] if last else said).removesuffix(": OK")
