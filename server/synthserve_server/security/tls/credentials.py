"""TLS: the server's certificate and, for mutual TLS, the authorities of its clients."""

from itertools import chain, repeat
from pathlib import Path

import grpc

from synthserve_server.security.files import Watched, read

_START_SECONDS = 60.0
"""The time limit for the trial of a certificate at the start, for very busy machines."""

_RENEWAL_SECONDS = 10.0
"""The time limit for later trials, for which connections wait; the next connection repeats a failed one."""


def server_credentials(certificate: Path, key: Path, client_ca: Path | None) -> grpc.ServerCredentials:
    """Makes credentials that follow their files: a connection after a change gets the new certificate.

    Certificates are checked and tried out before they are used, at the start and after each change. A new connection
    waits while a changed certificate is tried out.

    Args:
        certificate: The server's certificate and the intermediate ones up to its authority, PEM.
        key: Its private key, PEM, without a password.
        client_ca: Certificates of the authorities of clients, PEM; None: clients need no certificate.

    Raises:
        CredentialsError: A file cannot be read, or no client could connect.
    """
    # Imported only if needed: it takes a tenth of a second.
    from synthserve_server.security.tls import certificates
    from synthserve_server.security.tls.handshake import try_out

    def file(path: Path) -> certificates.File:
        return certificates.File(path.name, read(path))

    files = [certificate, key, *([client_ca] if client_ca else [])]
    limits = chain((_START_SECONDS,), repeat(_RENEWAL_SECONDS))

    def make() -> grpc.ServerCertificateConfiguration:
        # Each file is read once, so that what is checked is what is served.
        pair = certificates.pair(file(certificate), file(key), certificates.SERVER)
        authorities = certificates.authorities(file(client_ca)) if client_ca else None
        try_out(pair, authorities, next(limits))
        return grpc.ssl_server_certificate_configuration([(pair.key, pair.chain)], authorities)

    watched = Watched(files, make)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        configuration, changed = watched.current()
        return configuration if changed else None

    first, _ = watched.current()
    mutual = client_ca is not None
    return grpc.dynamic_ssl_server_credentials(first, fetch, mutual)  # type: ignore[arg-type]  # None means no change
