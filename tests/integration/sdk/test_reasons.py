"""Why there is no connection, as a person gets to read it."""

from __future__ import annotations

import datetime
import socket
import threading
from concurrent import futures
from typing import TYPE_CHECKING

import grpc
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

import synthserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[[grpc.ServerCredentials | None], int]

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
FAR_AHEAD = datetime.datetime(2094, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server on a free port; returns the port."""
    servers = []

    def begin(credentials: grpc.ServerCredentials | None) -> int:
        server = grpc.server(futures.ThreadPoolExecutor(1))
        servers.append(server)
        port = (
            server.add_insecure_port("127.0.0.1:0")
            if credentials is None
            else server.add_secure_port("127.0.0.1:0", credentials)
        )
        server.start()
        return port

    yield begin
    for server in servers:
        server.stop(0).wait()


def of_server(leaf: trustme.LeafCert, clients: trustme.CA | None = None) -> grpc.ServerCredentials:
    pair = (leaf.private_key_pem.bytes(), b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    return grpc.ssl_server_credentials([pair], clients.cert_pem.bytes() if clients else None, clients is not None)


def of_client(authority: trustme.CA, own: tuple[bytes, bytes] | None = None) -> grpc.ChannelCredentials:
    key, chain = own or (None, None)
    return grpc.ssl_channel_credentials(authority.cert_pem.bytes(), key, chain)


def said(target: str, credentials: grpc.ChannelCredentials | None = None) -> str:
    """What the error says of a server that is asked once."""
    once = synthserve.RetryPolicy(start_attempts=1)
    with (
        synthserve.Client(target, credentials=credentials, retry=once) as client,
        pytest.raises(synthserve.Unavailable) as caught,
    ):
        client.models(timeout=20)
    return str(caught.value)


def test_a_certificate_of_an_authority_that_is_not_known(start: Start) -> None:
    authority, namesake = (trustme.CA(organization_name="a", organization_unit_name="b") for _ in range(2))
    port = start(of_server(authority.issue_cert("localhost")))
    for stranger in (trustme.CA(), namesake):
        message = said(f"localhost:{port}", of_client(stranger))
        assert message.startswith(
            f"the certificate of localhost:{port} was not issued by an authority that this client trusts: name the "
            "file of its authority (tls_credentials(ca=...), on the command line --tls-ca FILE). gRPC says: "
        )
        assert "CERTIFICATE" in message.upper().partition("GRPC SAYS: ")[2]


def test_a_certificate_for_another_name(start: Start, authority: trustme.CA) -> None:
    port = start(of_server(authority.issue_cert("example.org")))
    message = said(f"localhost:{port}", of_client(authority))
    assert message.startswith(f"the certificate of localhost:{port} is for another name: connect by a name that it")


@pytest.mark.parametrize(
    ("begin", "end", "why"),
    [
        (LONG_AGO, LONG_AGO + datetime.timedelta(days=9), "has expired, or the clock of this machine is wrong"),
        (FAR_AHEAD, FAR_AHEAD + datetime.timedelta(days=9), "is not valid yet, or the clock of this machine is wrong"),
    ],
)
def test_a_certificate_of_another_time(
    start: Start, authority: trustme.CA, begin: datetime.datetime, end: datetime.datetime, why: str
) -> None:
    port = start(of_server(authority.issue_cert("localhost", not_before=begin, not_after=end)))
    message = said(f"localhost:{port}", of_client(authority))
    assert message.startswith(f"the certificate of localhost:{port} {why}")


def test_tls_where_there_is_none_and_none_where_there_is_tls(start: Start, authority: trustme.CA) -> None:
    port = start(None)
    message = said(f"localhost:{port}", of_client(authority))
    assert message.startswith(f"localhost:{port} does not speak TLS: connect without credentials, or give the server a")
    port = start(of_server(authority.issue_cert("localhost")))
    message = said(f"localhost:{port}")
    assert message.startswith(f"localhost:{port} closed the connection before it answered: it may want TLS (")
    assert "--tls-ca FILE" in message


def own_certificate(authority: trustme.CA, key: Key) -> tuple[bytes, bytes]:
    """A client's key and certificate, of a kind that trustme does not make."""
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(signer, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()), certificate.public_bytes(pem)


def test_a_server_that_wants_a_certificate_of_its_clients(start: Start, authority: trustme.CA) -> None:
    port = start(of_server(authority.issue_cert("localhost"), clients=authority))
    stranger = trustme.CA().issue_cert("client@example.org")
    strange = (stranger.private_key_pem.bytes(), stranger.cert_chain_pems[0].bytes())
    for own in (None, strange):
        message = said(f"localhost:{port}", of_client(authority, own))
        assert message.startswith(f"localhost:{port} closed the connection after the TLS handshake: it may want a cert")
        assert "--tls-client-certificate" in message


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP521R1())])
def test_a_kind_of_key_that_a_server_does_not_accept(start: Start, authority: trustme.CA, key: Key) -> None:
    port = start(of_server(authority.issue_cert("localhost"), clients=authority))
    message = said(f"localhost:{port}", of_client(authority, own_certificate(authority, key)))
    assert message.startswith(f"localhost:{port} does not accept the kind of key that this client's certificate has")


def test_kinds_of_keys_and_orders_that_grpc_cannot_use(tmp_path: Path, authority: trustme.CA) -> None:
    ca, certificate, key = (tmp_path / name for name in ("ca.pem", "certificate.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    for curve in (ec.SECP224R1(), ec.SECP256K1()):
        private, chain = own_certificate(authority, ec.generate_private_key(curve))
        key.write_bytes(private)
        certificate.write_bytes(chain)
        with pytest.raises(synthserve.InvalidRequest, match="key: is of a kind that gRPC cannot use: take RSA"):
            synthserve.tls_credentials(ca, certificate=certificate, key=key)
    leaf = authority.issue_cert("client@example.org")
    key.write_bytes(leaf.private_key_pem.bytes())
    certificate.write_bytes(authority.cert_pem.bytes() + leaf.cert_chain_pems[0].bytes())
    with pytest.raises(synthserve.InvalidRequest, match="the client's own certificate must be the first one of the"):
        synthserve.tls_credentials(ca, certificate=certificate, key=key)
    certificate.write_bytes(leaf.cert_chain_pems[0].bytes())
    private_key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        password = serialization.BestAvailableEncryption(b"secret")
        key.write_bytes(private_key.private_bytes(serialization.Encoding.PEM, form, password))
        with pytest.raises(synthserve.InvalidRequest, match="key: has a password: gRPC takes keys without one"):
            synthserve.tls_credentials(ca, certificate=certificate, key=key)
    ca.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(synthserve.InvalidRequest, match="holds a PEM certificate that gRPC cannot read"):
        synthserve.tls_credentials(ca)


@pytest.mark.parametrize(
    "write",
    [
        lambda pem: b"\xef\xbb\xbf" + pem,
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem.decode().encode("utf-16"),
        lambda pem: pem.replace(b"\n", b"  \n"),
    ],
)
def test_pem_as_editors_write_it_is_what_it_was(
    start: Start, authority: trustme.CA, tmp_path: Path, write: Callable[[bytes], bytes]
) -> None:
    port = start(of_server(authority.issue_cert("localhost"), clients=authority))
    ca, certificate, key = (tmp_path / name for name in ("ca.pem", "certificate.pem", "key.pem"))
    leaf = authority.issue_cert("client@example.org")
    ca.write_bytes(write(authority.cert_pem.bytes()))
    certificate.write_bytes(write(leaf.cert_chain_pems[0].bytes()))
    key.write_bytes(write(leaf.private_key_pem.bytes()))
    credentials = synthserve.tls_credentials(ca, certificate=certificate, key=key)
    with (
        synthserve.Client(f"localhost:{port}", credentials=credentials) as client,
        pytest.raises(synthserve.ServerError, match="does not offer this synthserve API"),  # so it has answered
    ):
        client.models(timeout=20)


def test_what_is_no_grpc_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        message = said(f"127.0.0.1:{port}")
        thread.join()
    assert message.startswith(f"what answers at 127.0.0.1:{port} is not a gRPC server: check the port")


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    message = said(f"unix:{tmp_path}/nothing")
    assert message.startswith(f"no server at unix:{tmp_path}/nothing (there is no such socket): is it running?")
