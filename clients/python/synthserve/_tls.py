"""Secured connections, from files."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from synthserve._checks import invalid

if TYPE_CHECKING:
    import os


def tls_credentials(
    ca: str | os.PathLike[str] | None = None,
    *,
    certificate: str | os.PathLike[str] | None = None,
    key: str | os.PathLike[str] | None = None,
) -> grpc.ChannelCredentials:
    """Makes the `credentials` of a client that connects over TLS, or over mutual TLS if it has a certificate itself.

    The files are read once: a client that goes on for longer than its certificate is valid must be made anew.

    Args:
        ca: Certificates of the authorities that the server's certificate may be of, PEM. None: those that gRPC brings.
        certificate: The client's own certificate and those between it and its authority, PEM.
        key: Its private key, PEM, without a password.

    Raises:
        InvalidRequest: A file is not what it should be, or `certificate` and `key` do not belong together.
        OSError: A file cannot be read.
    """
    if (certificate is None) != (key is None):
        raise invalid("certificate", "certificate and key go together")
    roots = Path(ca).read_bytes() if ca is not None else None
    chain, private = (Path(file).read_bytes() if file is not None else None for file in (certificate, key))
    # gRPC would take anything, and fail at each connection without saying why.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except ssl.SSLError:
            raise invalid("ca", "holds no PEM certificate") from None
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, password=lambda: b"")
        except (ssl.SSLError, ValueError):
            raise invalid("certificate", "is not a PEM certificate with its key, without a password") from None
    return grpc.ssl_channel_credentials(roots, private, chain)
