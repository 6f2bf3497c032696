"""TLS: the server's certificate and, for mutual TLS, the authority whose clients it accepts."""

import ssl
from pathlib import Path

import grpc

from synthserve_server.security.files import CredentialsError, Watched, read


def server_credentials(certificate: Path, key: Path, client_ca: Path | None) -> grpc.ServerCredentials:
    """Makes credentials that follow their files: a connection that comes after a change gets the new certificate.

    Args:
        certificate: The server's certificate and those between it and its authority, PEM.
        key: Its private key, PEM, without a password.
        client_ca: Certificates of the authorities of clients, PEM; None: clients need no certificate.

    Raises:
        CredentialsError: A file cannot be read, is not PEM, or the key is not that of the certificate.
    """
    files = [certificate, key, *([client_ca] if client_ca else [])]

    def make() -> grpc.ServerCertificateConfiguration:
        _check(certificate, key, client_ca)
        pair = (read(key), read(certificate))
        return grpc.ssl_server_certificate_configuration([pair], read(client_ca) if client_ca else None)

    watched = Watched(files, make)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        configuration, changed = watched.current()
        return configuration if changed else None

    first, _ = watched.current()
    mutual = client_ca is not None
    return grpc.dynamic_ssl_server_credentials(first, fetch, mutual)  # type: ignore[arg-type]  # None: as before


def _check(certificate: Path, key: Path, client_ca: Path | None) -> None:
    """Lets OpenSSL read the files: gRPC would take anything, and fail at each connection."""
    for file in (certificate, key, client_ca):
        if file:
            read(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, ValueError):
        raise CredentialsError(
            f"{certificate.name} and {key.name} are not a PEM certificate and its key without a password"
        ) from None
    if client_ca:
        try:
            context.load_verify_locations(client_ca)
        except ssl.SSLError:
            raise CredentialsError(f"{client_ca.name} holds no PEM certificate") from None
