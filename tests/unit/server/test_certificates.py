"""Certificates that gRPC and its clients can use, and a reason for each that they cannot."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from tests.fixtures.issuing import AUTHORITY, DAY, KINDS, NOW, Issued, authority, key_usage

from synthserve_server.security.files import CredentialsError
from synthserve_server.security.tls.certificates import CLIENT, SERVER, File, Pair, authorities, pair
from synthserve_server.security.tls.handshake import try_out

ROOT = authority()
INTERMEDIATE = authority(by=ROOT)
LEAF = Issued(by=INTERMEDIATE)
OWN = Issued()

SECONDS = 60.0
SUPPORTED = ("rsa-2048", "rsa-4096", "p-256", "p-384")


def checked(chain: bytes, key: bytes, purpose: ObjectIdentifier = SERVER) -> Pair:
    return pair(File("chain.pem", chain), File("key.pem", key), purpose)


def refusal(chain: bytes, key: bytes, purpose: ObjectIdentifier = SERVER) -> str:
    with pytest.raises(CredentialsError) as caught:
        checked(chain, key, purpose)
    return str(caught.value)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_kinds_of_keys_that_are_accepted_make_connections(kind: str) -> None:
    issued = Issued(kind, by=INTERMEDIATE)
    try_out(checked(issued.pem + INTERMEDIATE.pem, issued.key_pem), ROOT.pem, SECONDS)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {*SUPPORTED, "rsa-1024"}))
def test_other_kinds_are_refused_as_no_connection_can_be_made(kind: str) -> None:
    issued = Issued(kind)
    assert "has a kind of key that is not supported" in refusal(issued.pem, issued.key_pem)
    assert "RSA of 2048 to 8192 bits, P-256 and P-384 work" in refusal(issued.pem, issued.key_pem)
    with pytest.raises(CredentialsError, match=r"^a trial connection with the certificate and its key has failed: "):
        try_out(Pair(issued.pem, issued.key_pem, issued.pem, "localhost"), None, SECONDS)


def test_a_weak_key_is_refused() -> None:
    issued = Issued("rsa-1024")
    assert refusal(issued.pem, issued.key_pem).startswith(
        "the certificate in chain.pem has a weak key, RSA of 1024 bits"
    )
    weak = authority("rsa-1024")
    issued = Issued(by=weak)
    assert refusal(issued.pem + weak.pem, issued.key_pem).startswith("certificate 2 in chain.pem has a weak key")


@pytest.mark.parametrize(
    "names",
    [
        [x509.DNSName("localhost")],
        [x509.DNSName("*.example.org")],
        [x509.DNSName("*.example.org"), x509.DNSName("example.org")],
        [x509.IPAddress(ip_address("127.0.0.1"))],
        [x509.IPAddress(ip_address("::1"))],
        [x509.UniformResourceIdentifier("spiffe://example.org/server"), x509.DNSName("localhost")],
    ],
    ids=str,
)
def test_names_that_clients_compare_with(names: list[x509.GeneralName]) -> None:
    issued = Issued(names=names)
    try_out(checked(issued.pem, issued.key_pem), None, SECONDS)


@pytest.mark.parametrize("names", [[], [x509.UniformResourceIdentifier("spiffe://example.org/server")]], ids=str)
def test_a_certificate_without_such_a_name_is_refused(names: list[x509.GeneralName]) -> None:
    issued = Issued(names=names)
    assert "holds no DNS name and no IP address that clients could compare" in refusal(issued.pem, issued.key_pem)
    assert checked(issued.pem, issued.key_pem, CLIENT).name is None


@pytest.mark.parametrize(
    "chain",
    [
        [LEAF],
        [LEAF, INTERMEDIATE],
        [LEAF, INTERMEDIATE, ROOT],
        [LEAF, ROOT, INTERMEDIATE],
        [LEAF, LEAF, INTERMEDIATE],
    ],
)
def test_chains_that_lead_to_an_authority(chain: list[Issued]) -> None:
    try_out(checked(b"".join(one.pem for one in chain), LEAF.key_pem), None, SECONDS)


BROKEN = authority(by=ROOT, extensions=[AUTHORITY, (x509.NameConstraints([x509.DNSName("example.org")], None), True)])
NO_AUTHORITY = Issued(by=ROOT, common_name="no authority")


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ([INTERMEDIATE, LEAF], "is in the wrong order: the certificate of the key must come first, but is number 2"),
        ([LEAF, ROOT], "certificate 2 in chain.pem has issued none of the others"),
        ([LEAF, INTERMEDIATE, OWN], "certificate 3 in chain.pem has issued none of the others"),
    ],
)
def test_chains_that_do_not_are_refused(chain: list[Issued], reason: str) -> None:
    assert reason in refusal(b"".join(one.pem for one in chain), LEAF.key_pem)


def test_an_issuer_that_is_no_authority_is_refused() -> None:
    issued = Issued(by=NO_AUTHORITY)
    assert "certificate 2 in chain.pem has issued one before it, and is not that of an authority" in refusal(
        issued.pem + NO_AUTHORITY.pem, issued.key_pem
    )


def test_what_only_a_connection_shows_is_refused_with_the_reason_of_the_library() -> None:
    issued = Issued(by=BROKEN)
    constrained = checked(issued.pem + BROKEN.pem, issued.key_pem)
    with pytest.raises(CredentialsError, match="has failed: CERTIFICATE VERIFY FAILED: permitted subtree violation"):
        try_out(constrained, None, SECONDS)


PASSWORD = BestAvailableEncryption(b"secret")
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(OWN.key, hashes.SHA256())


@pytest.mark.parametrize(
    ("chain", "key", "reason"),
    [
        (b"", OWN.key_pem, "chain.pem holds no PEM certificate"),
        (b"nonsense", OWN.key_pem, "chain.pem holds no PEM certificate"),
        (OWN.pem, b"nonsense", "key.pem holds no PEM private key"),
        (OWN.key_pem, OWN.pem, "they are swapped"),
        (OWN.pem, OWN.pem, "key.pem holds no PEM private key, but a certificate"),
        (OWN.pem, LEAF.key_pem, "the key is that of another certificate"),
        (OWN.pem, OWN.written_key(PrivateFormat.PKCS8, b"secret"), "the private key in key.pem has a password"),
        (
            OWN.pem,
            OWN.written_key(PrivateFormat.TraditionalOpenSSL, b"secret"),
            "the private key in key.pem has a password",
        ),
        (OWN.pem, OWN.written_key(PrivateFormat.OpenSSH), "but a key of OpenSSH"),
        (OWN.pem, OWN.written_key(PrivateFormat.PKCS8, binary=True), "but is a private key in DER"),
        (OWN.pem, OWN.written_key(PrivateFormat.PKCS8, b"secret", binary=True), "but is a private key in DER"),
        (OWN.der, OWN.key_pem, "but is a certificate in DER"),
        (REQUEST.public_bytes(Encoding.PEM), OWN.key_pem, "but a request for one"),
        (REQUEST.public_bytes(Encoding.DER), OWN.key_pem, "but a request for one"),
        (
            pkcs12.serialize_key_and_certificates(None, OWN.key, OWN.certificate, None, PASSWORD),
            OWN.key_pem,
            "but is PKCS#12",
        ),
        (
            OWN.pem,
            OWN.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "but a public key",
        ),
        (OWN.pem[:300], OWN.key_pem, "chain.pem is cut off"),
        (LEAF.pem + INTERMEDIATE.pem[:300], LEAF.key_pem, "chain.pem is cut off"),
        (OWN.pem, OWN.key_pem[:100], "key.pem is cut off"),
        (OWN.pem.replace(b"M", b"!"), OWN.key_pem, "certificate 1 in chain.pem is damaged"),
        (OWN.pem.replace(b"TE-----\n", b"TE-----\nAAAA", 1), OWN.key_pem, "certificate 1 in chain.pem is damaged"),
        (OWN.pem.decode().encode("utf-16"), OWN.key_pem, "chain.pem is UTF-16 or UTF-32 text"),
        (OWN.pem, OWN.key_pem.decode().encode("utf-16-le"), "key.pem is UTF-16 or UTF-32 text"),
    ],
    ids=lambda part: (
        part if isinstance(part, str) else "pem"
    ),  # else pytest takes a part of a key, another in each worker
)
def test_files_that_are_something_else_are_told_what_they_are(chain: bytes, key: bytes, reason: str) -> None:
    said = refusal(chain, key)
    assert said.startswith("chain.pem and key.pem are not a PEM certificate and its key: ")
    assert reason in said


def openssl(folder: Path, *commands: str) -> None:
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=folder, capture_output=True, check=True)


SELF_SIGNED = "req -x509 -key key.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -out chain.pem"


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        (["genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out key.pem"], "is not supported, RSA-PSS"),
        (["ecparam -name prime256v1 -param_enc explicit -genkey -out key.pem"], "writes its curve as numbers"),
        (["ecparam -name sect283k1 -genkey -out key.pem"], "the private key in key.pem is of a kind that is not"),
    ],
)
def test_keys_that_only_openssl_makes(tmp_path: Path, commands: list[str], reason: str) -> None:
    openssl(tmp_path, *commands, SELF_SIGNED)
    assert reason in refusal((tmp_path / "chain.pem").read_bytes(), (tmp_path / "key.pem").read_bytes())


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_weak_signature_is_refused(tmp_path: Path, digest: str) -> None:
    for name, data in (("ca.pem", ROOT.pem), ("ca-key.pem", ROOT.key_pem), ("key.pem", OWN.key_pem)):
        (tmp_path / name).write_bytes(data)
    openssl(
        tmp_path,
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ca-key.pem",
        "req -x509 -key ca-key.pem -subj /CN=ca -out ca.pem",
        "req -new -key key.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -out request.pem",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -copy_extensions copy "
        f"-{digest} -out chain.pem",
    )
    assert "is signed with SHA-1 or MD5, which is weak" in refusal((tmp_path / "chain.pem").read_bytes(), OWN.key_pem)


@pytest.mark.parametrize(
    ("issued", "reason"),
    [
        (Issued(last=-0.5), "the certificate in chain.pem has expired, at "),
        (Issued(first=0.5), "the certificate in chain.pem is not valid yet, but from "),
        (
            Issued(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]),
            "is not for servers (serverAuth)",
        ),
        (
            Issued(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)]),
            "is not for servers (serverAuth)",
        ),
        (Issued(extensions=[key_usage(key_encipherment=True)]), "its key usage lacks digitalSignature"),
        (
            Issued(extensions=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]),
            "has a critical extension that clients do not know",
        ),
    ],
)
def test_certificates_that_clients_would_refuse_are_refused(issued: Issued, reason: str) -> None:
    assert reason in refusal(issued.pem, issued.key_pem)


def test_time_counts_when_it_is_looked_at() -> None:
    files = File("chain.pem", OWN.pem), File("key.pem", OWN.key_pem)
    for days, reason in ((2, "has expired"), (-2, "is not valid yet")):
        with pytest.raises(CredentialsError, match=reason):
            pair(*files, SERVER, NOW + timedelta(days=days))
    expired = authority(by=ROOT, last=-0.5)
    issued = Issued(by=expired)
    assert "certificate 2 in chain.pem has expired" in refusal(issued.pem + expired.pem, issued.key_pem)


@pytest.mark.parametrize(
    "write",
    [
        lambda pem: b"\xef\xbb\xbf" + pem,
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem.replace(b"\n", b"\r"),
        lambda pem: b"".join(b"   " + line + b" \t\n" for line in pem.splitlines()),
        lambda pem: b"subject=CN = f\xfcr\n\n" + pem + b"\nthe end\n",
        lambda pem: b"# -----BEGIN CERTIFICATE-----\n# of the past\n# -----END CERTIFICATE-----\n" + pem,
        lambda pem: pem + OWN.pem.replace(b"CERTIFICATE", b"X509 CRL") if b"CERT" in pem else pem,
    ],
)
def test_pem_as_editors_and_tools_write_it(write: Callable[[bytes], bytes]) -> None:
    found = checked(write(OWN.pem), write(OWN.key_pem))
    assert (found.chain, found.key) == (OWN.pem, OWN.key_pem)
    assert authorities(File("ca.pem", write(ROOT.pem))) == ROOT.pem


@pytest.mark.parametrize("between", [b"", b"\n", b"\xef\xbb\xbf", b"\n\xef\xbb\xbf"])
def test_no_certificate_of_a_chain_that_was_put_together_is_lost(between: bytes) -> None:
    found = checked(LEAF.pem.strip() + between + INTERMEDIATE.pem, LEAF.key_pem)
    assert found.chain == LEAF.pem + INTERMEDIATE.pem


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_forms_of_keys(form: PrivateFormat) -> None:
    assert checked(OWN.pem + OWN.key_pem, OWN.pem + OWN.written_key(form)).key == OWN.key_pem


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa-2048", "p-256", "p-384", "p-521", "ed25519"])
def test_authorities_of_clients(kind: str) -> None:
    one = authority(kind)
    assert authorities(File("ca.pem", one.pem)) == one.pem


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ca.pem holds no PEM certificate"),
        (ROOT.key_pem, "ca.pem holds no PEM certificate"),
        (ROOT.der, "ca.pem holds no PEM certificate, but is a certificate in DER"),
        (ROOT.pem.decode().encode("utf-16"), "ca.pem is UTF-16 or UTF-32 text"),
        (ROOT.pem[:300], "ca.pem is cut off"),
        (authority("secp256k1").pem, "has a kind of key that is not supported, secp256k1"),
        (authority("ed448").pem, "has a kind of key that is not supported, Ed448"),
        (authority(last=-0.5).pem, "certificate 1 in ca.pem has expired"),
        (authority(extensions=[AUTHORITY, key_usage(digital_signature=True)]).pem, "key usage lacks keyCertSign"),
    ],
)
def test_authorities_that_nobody_could_have_a_certificate_of(data: bytes, reason: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        authorities(File("ca.pem", data))
    assert str(caught.value).startswith("c")
    assert reason in str(caught.value)


def test_of_several_authorities_one_that_can_be_used_is_enough() -> None:
    assert authorities(File("ca.pem", authority(last=-0.5).pem + ROOT.pem)) == ROOT.pem
    assert authorities(File("ca.pem", ROOT.pem), NOW + DAY / 2) == ROOT.pem
