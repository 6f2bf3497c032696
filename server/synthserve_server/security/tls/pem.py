"""Reads certificates and private keys in PEM files (RFC 7468), and identifies other files for error messages.

The parser accepts more than gRPC: byte order marks, line ends of any system, blanks around lines, and files that were
concatenated without a line end between them. It writes the content anew for gRPC, so that gRPC gets what was checked.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from synthserve_core import text_files
from synthserve_core.text_files import TextFileError
from synthserve_server.security.files import CredentialsError

_CERTIFICATES = {"CERTIFICATE", "X509 CERTIFICATE"}
_KEYS = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}
_MARKER = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]+)-----")

_ENCRYPTED_HEADER = re.compile(r"^[ \t]*Proc-Type:[^\n]*ENCRYPTED", re.MULTILINE)

_INSTEAD = {
    "TRUSTED CERTIFICATE": "but one in OpenSSL's own form: convert it with `openssl x509 -in FILE -out NEW`",
    "CERTIFICATE REQUEST": "but a request for one: give it to the authority, and take what that issues",
    "NEW CERTIFICATE REQUEST": "but a request for one: give it to the authority, and take what that issues",
    "PKCS7": "but PKCS#7: convert it with `openssl pkcs7 -print_certs -in FILE -out NEW`",
    "CMS": "but PKCS#7: convert it with `openssl pkcs7 -print_certs -in FILE -out NEW`",
    "PUBLIC KEY": "but a public key",
    "RSA PUBLIC KEY": "but a public key",
    "OPENSSH PRIVATE KEY": "but a key of OpenSSH: convert it with `ssh-keygen -p -m PEM -f FILE`",
}
"""Explanations of other blocks, for messages about a missing certificate or private key."""

_CERTIFICATE_FOR_KEY = "but a certificate"

_PKCS7 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # the object identifier of signed data
_PKCS12 = b"\x02\x01\x03"  # version 3
_KEYSTORE = b"\xfe\xed\xfe\xed"


@dataclass(frozen=True)
class _Block:
    label: str
    body: str

    @property
    def is_encrypted(self) -> bool:
        return self.label == "ENCRYPTED PRIVATE KEY" or _ENCRYPTED_HEADER.search(self.body) is not None

    @property
    def der(self) -> bytes:
        """Its decoded content.

        Raises:
            ValueError: It is not base64.
        """
        return base64.b64decode("".join(self.body.split()), validate=True)


def certificates(data: bytes, name: str) -> list[x509.Certificate]:
    """Reads the certificates of a file.

    Args:
        data: The content of the file.
        name: Its name in messages.

    Returns:
        At least one certificate.

    Raises:
        CredentialsError: The file has no certificate, or one cannot be read.
    """
    blocks = _blocks(data, name, "certificate")
    found = [block for block in blocks if block.label in _CERTIFICATES]
    if not found:
        raise CredentialsError(_absent(name, "certificate", blocks, _INSTEAD))
    read = []
    for number, block in enumerate(found, start=1):
        with _readable(f"certificate {number} in {name}"):
            certificate = x509.load_der_x509_certificate(block.der)
            # These are parsed on access: errors in them must be found here.
            _ = certificate.extensions, certificate.subject
            read.append(certificate)
    return read


def private_key(data: bytes, name: str) -> PrivateKeyTypes:
    """Reads the first private key of a file.

    Args:
        data: The content of the file.
        name: Its name in messages.

    Raises:
        CredentialsError: The file has no private key, or it has a password or cannot be read.
    """
    blocks = _blocks(data, name, "private key")
    key = next((block for block in blocks if block.label in _KEYS), None)
    if key is None:
        instead = {**_INSTEAD, **dict.fromkeys(_CERTIFICATES, _CERTIFICATE_FOR_KEY)}
        raise CredentialsError(_absent(name, "private key", blocks, instead))
    if key.is_encrypted:
        raise CredentialsError(
            f"the private key in {name} has a password: remove it with `openssl pkey -in FILE -out NEW`, and keep the "
            "new file private"
        )
    with _readable(f"the private key in {name}"):
        return serialization.load_der_private_key(key.der, password=None)


def are_swapped(certificate: bytes, key: bytes) -> bool:
    """Whether the certificate file holds only a private key, and the key file only a certificate."""
    with suppress(CredentialsError):
        first, second = ({block.label for block in _blocks(data, "", "")} for data in (certificate, key))
        return bool(first & _KEYS and second & _CERTIFICATES) and not (first & _CERTIFICATES or second & _KEYS)
    return False


def of_certificates(every: Sequence[x509.Certificate]) -> bytes:
    """Writes certificates."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in every)


def of_key(key: PrivateKeyTypes) -> bytes:
    """Writes a private key, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _blocks(data: bytes, name: str, wanted: str) -> list[_Block]:
    if what := _binary(data):
        raise CredentialsError(f"{name} holds no PEM {wanted}, {what}")
    try:
        text = text_files.decode(data, only_ascii_counts=True)
    except TextFileError as error:
        raise CredentialsError(f"{name} {error}") from None
    try:
        return list(_between_markers(text))
    except ValueError:
        raise CredentialsError(
            f"{name} is cut off, or a PEM block in it lacks its BEGIN or END line: copy the whole file"
        ) from None


def _between_markers(text: str) -> Iterator[_Block]:
    """Finds the blocks. A marker begins a line or follows another marker; any other is part of a comment.

    Raises:
        ValueError: A marker is missing.
    """
    opened: tuple[str, int] | None = None
    end = 0
    for marker in _MARKER.finditer(text):
        kind, label = marker.groups()
        before = text[max(end, text.rfind("\n", 0, marker.start()) + 1) : marker.start()]
        in_comment = before.replace("\ufeff", "").strip() != ""
        if opened is None and in_comment:
            continue
        if (kind == "BEGIN") != (opened is None) or (opened and opened[0] != label):
            raise ValueError
        if opened:
            yield _Block(label, text[opened[1] : marker.start()])
        opened = None if opened else (label, marker.end())
        end = marker.end()
    if opened:
        raise ValueError


def _absent(name: str, wanted: str, blocks: Sequence[_Block], instead: Mapping[str, str]) -> str:
    what = next((instead[block.label] for block in blocks if block.label in instead), None)
    return f"{name} holds no PEM {wanted}" + (f", {what}" if what else "")


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except UnsupportedAlgorithm:
        raise CredentialsError(f"{what} is of a kind that is not supported: use RSA, P-256 or P-384") from None
    except (ValueError, TypeError):  # the libraries' messages can quote the content
        raise CredentialsError(f"{what} is damaged: its content cannot be read") from None


def _binary(data: bytes) -> str | None:
    """Explains what a binary file is; None if it is not binary, or not known."""
    if data.startswith(_KEYSTORE):
        return "but is a Java keystore: export its contents with `keytool -importkeystore` and `openssl pkcs12`"
    if not data.startswith(b"\x30"):
        return None
    head = data[:32]
    if _PKCS7 in head:
        return "but is PKCS#7: convert it with `openssl pkcs7 -inform DER -print_certs -in FILE -out NEW`"
    if _PKCS12 in head[2:8]:
        return "but is PKCS#12 (.p12, .pfx): convert it with `openssl pkcs12 -in FILE -nodes -out NEW`"
    with suppress(ValueError):
        x509.load_der_x509_certificate(data)
        return "but is a certificate in DER: convert it with `openssl x509 -inform DER -in FILE -out NEW`"
    with suppress(ValueError):
        x509.load_der_x509_csr(data)
        return _INSTEAD["CERTIFICATE REQUEST"]
    with suppress(ValueError, UnsupportedAlgorithm):
        serialization.load_der_public_key(data)
        return _INSTEAD["PUBLIC KEY"]
    with suppress(ValueError, UnsupportedAlgorithm):
        with suppress(TypeError):  # it has a password
            serialization.load_der_private_key(data, password=None)
        return "but is a private key in DER: convert it with `openssl pkey -inform DER -in FILE -out NEW`"
    return None
