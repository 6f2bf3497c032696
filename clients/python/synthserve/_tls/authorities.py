"""The authorities that a machine trusts."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
"""Where operating systems keep them: OpenSSL knows one place, and Python can bring an OpenSSL with another one."""


def authorities_of_this_machine() -> bytes | None:
    """Reads the certificates of the authorities that this machine trusts, PEM.

    Returns:
        The file that `SSL_CERT_FILE` names, else the bundle of the operating system. None: this machine has no bundle,
        or `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` names the file for gRPC.

    Raises:
        OSError: The file that `SSL_CERT_FILE` names cannot be read.
    """
    if os.environ.get("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"):
        return None
    if named := os.environ.get("SSL_CERT_FILE"):
        return Path(named).read_bytes()
    for file in (ssl.get_default_verify_paths().cafile, *_BUNDLES):
        if file and Path(file).is_file() and os.access(file, os.R_OK):
            return Path(file).read_bytes()
    return None
