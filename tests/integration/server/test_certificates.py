"""A server says that it serves only with a certificate that clients can connect with, at the start and later."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from scripts.server_process import ServerProcess
from tests.fixtures.certificates import served_certificate
from tests.fixtures.issuing import Issued, authority
from tests.fixtures.processes import log_with

Serve = Callable[..., ServerProcess]

MARK = b"\xef\xbb\xbf"
ROOT = authority()


class Files:
    """The files that a server is given; each is replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self.chain, self.key, self.ca = (folder / name for name in ("chain.pem", "key.pem", "ca.pem"))
        self.put(self.ca, ROOT.pem)

    def put(self, file: Path, data: bytes) -> None:
        new = file.with_suffix(".new")
        new.write_bytes(data)
        new.replace(file)

    def use(self, issued: Issued) -> None:
        """Both files, the key first, as tools for that do it."""
        self.put(self.key, issued.key_pem)
        self.put(self.chain, issued.pem)

    @property
    def flags(self) -> tuple[str, ...]:
        return ("--tls-certificate", str(self.chain), "--tls-key", str(self.key))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def port(server: ServerProcess) -> int:
    return int(server.address.rpartition(":")[2])


def is_serving(server: ServerProcess, trusted: bytes, own: Issued | None = None) -> bool:
    """Makes a connection of its own, and asks."""
    pair = (own.key_pem, own.pem) if own else ()
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(
        f"localhost:{port(server)}", grpc.ssl_channel_credentials(trusted, *pair), options
    ) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=60).status
    return bool(answer == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.parametrize("kind", ["rsa-2048", "p-256", "p-384"])
def test_a_client_can_connect_with_each_kind_of_key_that_is_accepted(serve: Serve, files: Files, kind: str) -> None:
    files.use(Issued(kind, by=ROOT))
    assert is_serving(serve(*files.flags), ROOT.pem)


@pytest.mark.parametrize(
    ("chain", "key", "reason"),
    [
        *(
            ((one := Issued(kind)).pem, one.key_pem, f"has a kind of key that is not supported, {name}")
            for kind, name in (("ed25519", "Ed25519"), ("p-521", "P-521"), ("secp256k1", "secp256k1"))
        ),
        ((one := Issued("rsa-1024")).pem, one.key_pem, "has a weak key, RSA of 1024 bits"),
        ((one := Issued()).pem.decode().encode("utf-16"), one.key_pem, "is UTF-16 or UTF-32 text, not UTF-8"),
        (ROOT.pem + (one := Issued(by=ROOT)).pem, one.key_pem, "is in the wrong order"),
        ((one := Issued(last=-0.5)).pem, one.key_pem, "has expired"),
    ],
)
def test_what_nobody_could_connect_with_is_refused_with_its_reason(
    serve: Serve, files: Files, chain: bytes, key: bytes, reason: str
) -> None:
    files.put(files.chain, chain)
    files.put(files.key, key)
    with pytest.raises(RuntimeError) as caught:
        serve(*files.flags)
    last = str(caught.value).splitlines()[-1]
    assert last.startswith("synthserve-server: ")
    assert reason in last
    assert "Traceback" not in str(caught.value)
    assert "cannot listen" not in last


def test_files_as_windows_editors_write_them_are_served(serve: Serve, files: Files) -> None:
    server_own, client_own = Issued(by=ROOT), Issued(by=ROOT, common_name="client")
    for file, data in ((files.chain, server_own.pem), (files.key, server_own.key_pem), (files.ca, ROOT.pem)):
        files.put(file, MARK + data.replace(b"\n", b"\r\n"))
    server = serve(*files.flags, "--tls-client-ca", str(files.ca))
    assert is_serving(server, ROOT.pem, client_own)
    with pytest.raises(grpc.RpcError):
        is_serving(server, ROOT.pem)


def make_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda files: files.use(Issued("ed25519", by=ROOT)), "not supported, Ed25519"),
        (lambda files: files.use(Issued("p-521", by=ROOT)), "not supported, P-521"),
        (lambda files: files.use(Issued(by=ROOT, last=-0.5)), "has expired"),
        (lambda files: files.put(files.key, Issued().key_pem), "the key is that of another certificate"),
        (lambda files: files.put(files.ca, b"nonsense"), "ca.pem holds no PEM certificate"),
        (lambda files: make_pipe(files.key), "key.pem is not a file"),
        (lambda files: make_folder(files.chain), "chain.pem is a folder"),
    ],
)
def test_a_renewal_that_nobody_could_connect_with_changes_nothing(
    serve: Serve, files: Files, spoil: Callable[[Files], None], reason: str
) -> None:
    files.use(Issued(by=ROOT))
    client_own = Issued(by=ROOT, common_name="client")
    server = serve(*files.flags, "--tls-client-ca", str(files.ca))
    before = files.chain.read_bytes()
    spoil(files)
    assert is_serving(server, before, client_own)
    assert reason in log_with(server, "credentials not renewed")
    if files.chain.is_dir():
        files.chain.rmdir()
    renewed = Issued(by=ROOT)
    files.use(renewed)
    files.put(files.ca, ROOT.pem)
    assert is_serving(server, renewed.pem, client_own)
    log_with(server, "credentials renewed")


def test_a_certificate_is_tried_out_while_many_connect(serve: Serve, files: Files) -> None:
    files.use(Issued(by=ROOT))
    server = serve(*files.flags)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            renewed = Issued(by=ROOT)
            files.use(renewed)
            assert all(threads.map(lambda _: is_serving(server, ROOT.pem), range(16)))
            assert served_certificate(port(server)) == renewed.der


def test_a_server_ends_while_a_certificate_is_tried_out(serve: Serve, files: Files) -> None:
    files.use(Issued(by=ROOT))
    server = serve(*files.flags)
    with ThreadPoolExecutor(4) as threads:
        files.use(Issued(by=ROOT))

        def connect() -> None:
            with suppress(grpc.RpcError):  # it may have ended
                is_serving(server, ROOT.pem)

        for _ in range(4):
            threads.submit(connect)
        server.process.terminate()
        assert server.process.wait() == 0
    assert "Traceback" not in server.log.read_text()
