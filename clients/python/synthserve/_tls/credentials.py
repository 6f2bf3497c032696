"""Secured connections, from files."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from synthserve._checks import invalid
from synthserve._text_files import decode
from synthserve._tls.authorities import authorities_of_this_machine
from synthserve._tls.handshakes import can_begin

if TYPE_CHECKING:
    import os

_BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_END_CERTIFICATE = "-----END CERTIFICATE-----"
_ENCRYPTED = ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED")


def tls_credentials(
    ca: str | os.PathLike[str] | None = None,
    *,
    certificate: str | os.PathLike[str] | None = None,
    key: str | os.PathLike[str] | None = None,
) -> grpc.ChannelCredentials:
    """Makes the `credentials` of a client that connects over TLS, or over mutual TLS if it has a certificate itself.

    The files are read once: after a certificate is renewed, a new client must be made. They are tested with gRPC at
    once, as it would otherwise fail at each connection without a reason.

    Args:
        ca: Certificates of the authorities that may have issued the server's certificate, PEM. None: those that this
            machine trusts (`SSL_CERT_FILE`, or the bundle of the operating system), else those that gRPC brings.
        certificate: The client's own certificate and those between it and its authority, in this order, PEM.
        key: Its private key, PEM, without a password: RSA or an elliptic curve.

    Raises:
        InvalidRequest: A file has the wrong content, or `certificate` and `key` do not belong together.
        OSError: A file cannot be read.
    """
    if (certificate is None) != (key is None):
        raise invalid("certificate", "certificate and key go together")
    roots = authorities_of_this_machine() if ca is None else _authorities(ca)
    if certificate is None or key is None:
        return grpc.ssl_channel_credentials(roots)
    chain, private = _pem("certificate", certificate), _pem("key", key)
    _check_kinds(chain, private)
    credentials = grpc.ssl_channel_credentials(roots, private.encode(), chain.encode())
    if not can_begin(credentials):
        raise _unusable(chain, private, Path(certificate), Path(key))
    return credentials


def _authorities(ca: str | os.PathLike[str]) -> bytes:
    text = _pem("ca", ca)
    if _BEGIN_CERTIFICATE not in text:
        raise invalid("ca", f"{ca} holds no PEM certificate")
    roots = text.encode()
    if not can_begin(grpc.ssl_channel_credentials(roots)):
        raise invalid("ca", f"{ca} holds a PEM certificate that gRPC cannot read")
    return roots


def _pem(field: str, file: str | os.PathLike[str]) -> str:
    data = Path(file).read_bytes()
    try:
        text = decode(data)
    except ValueError:
        raise invalid(field, f"{file} is not PEM text; files in DER or PKCS #12 must be converted") from None
    # gRPC reads a byte order mark, and blanks before a line, as a part of the line.
    return "\n".join(line.strip() for line in text.splitlines()) + "\n"


def _check_kinds(chain: str, private: str) -> None:
    if any(sign in private for sign in _ENCRYPTED):
        raise invalid("key", "has a password: gRPC takes keys without one (openssl pkey -in KEY -out NEW)")
    if "PRIVATE KEY-----" not in private:
        other = "; it holds a certificate" if _BEGIN_CERTIFICATE in private else ""
        raise invalid("key", f"holds no PEM private key{other}")
    if _BEGIN_CERTIFICATE not in chain:
        other = "; it holds a private key" if "PRIVATE KEY-----" in chain else ""
        raise invalid("certificate", f"holds no PEM certificate{other}")


def _unusable(chain: str, private: str, certificate: Path, key: Path) -> Exception:
    """Finds out why gRPC does not take a certificate with its key."""
    for one in _split(chain)[1:]:
        if can_begin(grpc.ssl_channel_credentials(None, private.encode(), one.encode())):
            return invalid("certificate", "the client's own certificate must be the first one of the file")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, ValueError):
        return invalid(
            "certificate", "is not a certificate with its key: they do not belong together, or one is broken"
        )
    return invalid("key", "is of a kind that gRPC cannot use: take RSA, P-256 or P-384")


def _split(chain: str) -> list[str]:
    blocks = chain.split(_BEGIN_CERTIFICATE)[1:]
    return [f"{_BEGIN_CERTIFICATE}{block.partition(_END_CERTIFICATE)[0]}{_END_CERTIFICATE}\n" for block in blocks]
