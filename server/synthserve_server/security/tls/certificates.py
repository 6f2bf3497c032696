"""Checks whether gRPC and its clients can use a certificate with its key, and explains why not.

gRPC accepts many certificates that then fail at every connection, and gives no reason for those that it refuses. Its
TLS library is BoringSSL, which differs from Python's and from those of clients in other languages. These checks accept
what all of them support.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier, PublicKeyAlgorithmOID, SignatureAlgorithmOID

from synthserve_server.security.files import CredentialsError
from synthserve_server.security.tls import pem

E = TypeVar("E", bound=x509.ExtensionType)

_CURVES = (ec.SECP256R1, ec.SECP384R1)
_RSA_BITS = range(2048, 8192 + 1)
"""OpenSSL refuses shorter keys, Go longer ones."""

_CURVE_NAMES = {"secp224r1": "P-224", "secp521r1": "P-521"}

_EXPLICIT_CURVE = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30"
"""The object identifier of EC keys, followed by a sequence of numbers in place of the name of the curve."""

_WEAK = {
    SignatureAlgorithmOID.RSA_WITH_MD5,
    SignatureAlgorithmOID.RSA_WITH_SHA1,
    SignatureAlgorithmOID.ECDSA_WITH_SHA1,
    SignatureAlgorithmOID.DSA_WITH_SHA1,
}
_SIGNATURES = {
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.RSASSA_PSS,
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    SignatureAlgorithmOID.ED25519,
}
"""The signature algorithms that certificates may have."""

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
_PURPOSES = {SERVER: "servers (serverAuth)", CLIENT: "clients (clientAuth)"}

_SUPPORTED = "RSA of 2048 to 8192 bits, P-256 and P-384 work"


@dataclass(frozen=True)
class File:
    """A file that has been read.

    Attributes:
        name: Its name in messages.
        data: Its content.
    """

    name: str
    data: bytes


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, which match.

    Attributes:
        chain: The certificate and the intermediate ones up to its authority, in this order, PEM.
        key: The private key, PEM, without a password.
        anchors: Certificates, PEM; a client that trusts them trusts the certificate.
        name: A name that the certificate is valid for; None if it has no name.
    """

    chain: bytes
    key: bytes
    anchors: bytes
    name: str | None


def pair(certificate: File, key: File, purpose: ObjectIdentifier, now: datetime | None = None) -> Pair:
    """Checks a certificate chain and its key.

    Args:
        certificate: The file of the chain, PEM; the certificate of the key must be the first.
        key: The file of the private key, PEM.
        purpose: The purpose that the certificate must allow, SERVER or CLIENT.
        now: The time at which it must be valid; None: the current time.

    Raises:
        CredentialsError: They cannot be used.
    """
    chain = _of_key(certificate, key)
    own, others = chain[0], chain[1:]
    what = f"certificate 1 in {certificate.name}" if others else f"the certificate in {certificate.name}"
    _check_key(own, what)
    _check_use(own, what, purpose)
    for number, one in enumerate(chain, start=1):
        if one is own or not _is_root(one):  # clients have their own copies of roots
            named = what if one is own else f"certificate {number} in {certificate.name}"
            _check_signature(one, named)
            _check_time(one, named, now)
    _check_origin(chain, certificate.name)
    name = name_in(own)
    if name is None and purpose is SERVER:
        raise CredentialsError(
            f"{what} holds no DNS name and no IP address that clients could compare with (subjectAltName): issue it "
            "anew with them; the common name does not count"
        )
    anchors = [one for one in others if not _is_root(one)] or others or [own]
    return Pair(
        pem.of_certificates(chain),
        pem.of_key(pem.private_key(key.data, key.name)),
        pem.of_certificates(anchors),
        name,
    )


def authorities(file: File, now: datetime | None = None) -> bytes:
    """Checks the certificates of authorities, at least one of which must be usable.

    A certificate that is not an authority is trusted itself.

    Args:
        file: The file, PEM.
        now: The time at which they must be valid; None: the current time.

    Returns:
        The usable certificates, PEM.

    Raises:
        CredentialsError: No certificate is usable.
    """
    every = pem.certificates(file.data, file.name)
    usable, problems = [], []
    for number, one in enumerate(every, start=1):
        what = f"certificate {number} in {file.name}"
        try:
            _check_authority(one, what)
            _check_time(one, what, now)
        except CredentialsError as error:
            problems.append(error)
        else:
            usable.append(one)
    if not usable:
        raise problems[0]
    return pem.of_certificates(usable)


def name_in(certificate: x509.Certificate) -> str | None:
    """A name that a certificate is valid for, preferably without a wildcard, and a DNS name before an IP address."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return None
    hosts = names.get_values_for_type(x509.DNSName) + [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]
    hosts.sort(key=lambda host: "*" in host)
    return hosts[0].replace("*", "any") if hosts else None


def _of_key(certificate: File, key: File) -> list[x509.Certificate]:
    """The certificates of a chain, without duplicates; the first one matches the key."""
    neither = f"{certificate.name} and {key.name} are not a PEM certificate and its key"
    if pem.are_swapped(certificate.data, key.data):
        raise CredentialsError(f"{neither}: they are swapped")
    try:
        chain = list(dict.fromkeys(pem.certificates(certificate.data, certificate.name)))
        private = pem.private_key(key.data, key.name)
    except CredentialsError as error:
        raise CredentialsError(f"{neither}: {error}") from None
    if not hasattr(private, "public_key"):
        raise CredentialsError(f"{neither}: the key is of a kind that is not for certificates")
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    place = next((index for index, one in enumerate(chain) if _public_bytes(one) == public), None)
    if place is None:
        raise CredentialsError(f"{neither}: the key is that of another certificate")
    if place > 0:
        raise CredentialsError(
            f"the chain in {certificate.name} is in the wrong order: the certificate of the key must come first, but "
            f"is number {place + 1}"
        )
    return chain


def _check_key(certificate: x509.Certificate, what: str) -> None:
    """Checks that connections can use its key, which gRPC would only notice at the first connection."""
    _check_strength(certificate, what)
    public = _public_key(certificate)
    if not (
        (isinstance(public, rsa.RSAPublicKey) and public.key_size in _RSA_BITS and not _is_pss(certificate))
        or (isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, _CURVES))
    ):
        raise CredentialsError(f"{what} has a kind of key that is not supported, {_kind(certificate)}: {_SUPPORTED}")
    if _EXPLICIT_CURVE in certificate.tbs_certificate_bytes:
        raise CredentialsError(
            f"{what} writes its curve as numbers instead of its name: make the key with `openssl genpkey "
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-256`"
        )


def _check_strength(certificate: x509.Certificate, what: str) -> None:
    public = _public_key(certificate)
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _RSA_BITS.start:
        raise CredentialsError(f"{what} has a weak key, RSA of {public.key_size} bits: {_SUPPORTED}")


def _check_use(certificate: x509.Certificate, what: str, purpose: ObjectIdentifier) -> None:
    usage = _extension(certificate, x509.KeyUsage)
    if usage and not usage.digital_signature:
        raise CredentialsError(f"{what} may not be used for TLS: its key usage lacks digitalSignature")
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes and purpose not in purposes:
        raise CredentialsError(
            f"{what} is not for {_PURPOSES[purpose]}: its extended key usage names other purposes only"
        )
    for extension in certificate.extensions:
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            raise CredentialsError(f"{what} has a critical extension that clients do not know")


def _check_origin(chain: Sequence[x509.Certificate], name: str) -> None:
    """Checks that all certificates of a chain lead from the first one to an authority, in any order."""
    reached, left = [chain[0]], list(chain[1:])
    while found := next((one for one in left if any(_has_issued(one, below) for below in reached)), None):
        left.remove(found)
        reached.append(found)
        what = f"certificate {chain.index(found) + 1} in {name}"
        _check_strength(found, what)
        _check_authority(found, what)
        if not _is_root(found) and not _is_authority(found):
            raise CredentialsError(
                f"{what} has issued one before it, and is not that of an authority (basicConstraints CA:TRUE)"
            )
    if left:
        raise CredentialsError(
            f"certificate {chain.index(left[0]) + 1} in {name} has issued none of the others: take it out, or add the "
            "certificate that is missing between them"
        )


def _check_authority(certificate: x509.Certificate, what: str) -> None:
    public = _public_key(certificate)
    if not isinstance(public, rsa.RSAPublicKey | ed25519.Ed25519PublicKey) and not (
        isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, (*_CURVES, ec.SECP521R1))
    ):
        raise CredentialsError(
            f"{what} has a kind of key that is not supported, {_kind(certificate)}: RSA, P-256, P-384, P-521 and "
            "Ed25519 work for authorities"
        )
    usage = _extension(certificate, x509.KeyUsage)
    if _is_authority(certificate) and usage and not usage.key_cert_sign:
        raise CredentialsError(f"{what} may not issue certificates: its key usage lacks keyCertSign")


def _check_signature(certificate: x509.Certificate, what: str) -> None:
    if _is_root(certificate):  # clients do not check the signature of a root
        return
    algorithm = certificate.signature_algorithm_oid
    if algorithm in _WEAK:
        raise CredentialsError(f"{what} is signed with SHA-1 or MD5, which is weak: have it issued with SHA-256")
    if algorithm not in _SIGNATURES:
        raise CredentialsError(
            f"{what} is signed in a way that is not supported: have it issued by an authority that signs with RSA, "
            "ECDSA or Ed25519, and SHA-256"
        )


def _check_time(certificate: x509.Certificate, what: str, now: datetime | None) -> None:
    now = now or datetime.now(UTC)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > last:
        raise CredentialsError(
            f"{what} has expired, at {last.isoformat()}; here it is {now.isoformat(timespec='seconds')}: renew it, or "
            "set the clock"
        )
    if now < first:
        raise CredentialsError(
            f"{what} is not valid yet, but from {first.isoformat()}; here it is {now.isoformat(timespec='seconds')}: "
            "wait, or set the clock"
        )


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _is_authority(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except UnsupportedAlgorithm:
        return True  # `_check_signature` refuses unsupported signatures
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    """Its key; None if the library that reads certificates does not support its kind."""
    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None


def _public_bytes(certificate: x509.Certificate) -> bytes | None:
    key = _public_key(certificate)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if key else None


def _is_pss(certificate: x509.Certificate) -> bool:
    return certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS


def _kind(certificate: x509.Certificate) -> str:
    public = _public_key(certificate)
    if isinstance(public, rsa.RSAPublicKey):
        return "RSA-PSS" if _is_pss(certificate) else f"RSA of {public.key_size} bits"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _CURVE_NAMES.get(public.curve.name, public.curve.name)
    return type(public).__name__.removesuffix("PublicKey") if public else "an unknown one"
