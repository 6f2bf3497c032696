"""A server with certificates and tokens, and clients with and without them."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from scripts.server_process import COMMAND, ServerProcess
from tests.fixtures.certificates import Certificates, served_certificate
from tests.fixtures.processes import log_with
from tests.fixtures.statuses import detail

import synthserve
from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

TOKEN = "a token that nobody guesses"  # noqa: S105 - of this test


def models(channel: grpc.Channel, **options: Any) -> list[str]:
    stub: Any = ModelServiceStub(channel)
    return [model.name for model in stub.ListModels(model_pb2.ListModelsRequest(), timeout=20, **options).models]


def port(server: ServerProcess) -> str:
    return server.address.rpartition(":")[2]


def refused(channel: grpc.Channel) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        models(channel)
    code: grpc.StatusCode = caught.value.code()
    return code


def test_tls_serves_those_who_know_the_authority_and_nobody_in_plain_text(
    serve: Callable[..., ServerProcess], certificates: Certificates
) -> None:
    server = serve(*certificates.flags)
    trusting = grpc.ssl_channel_credentials(certificates.ca.read_bytes())
    with grpc.secure_channel(f"localhost:{port(server)}", trusting) as channel:
        assert models(channel)
    with grpc.secure_channel(f"localhost:{port(server)}", grpc.ssl_channel_credentials()) as channel:
        assert refused(channel) is grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(server.address) as channel:
        assert refused(channel) is grpc.StatusCode.UNAVAILABLE
    with synthserve.Client(f"localhost:{port(server)}", credentials=trusting) as client:
        assert len(client.rows("tiny-table", count=10, seed=1).to_pandas()) == 10


def test_renewed_certificate_is_served_without_a_restart_and_streams_go_on(
    serve: Callable[..., ServerProcess], certificates: Certificates
) -> None:
    server = serve(*certificates.flags)
    trusting = grpc.ssl_channel_credentials(certificates.ca.read_bytes())
    before = served_certificate(int(port(server)))
    assert served_certificate(int(port(server))) == before
    with grpc.secure_channel(f"localhost:{port(server)}", trusting) as channel:
        generation: Any = GenerationServiceStub(channel)
        stream = generation.GenerateRows(generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=1))
        next(stream)
        certificates.renew()
        assert served_certificate(int(port(server))) != before
        assert next(stream).row_count
        stream.cancel()
    certificates.chain.write_text("broken")
    now = served_certificate(int(port(server)))
    with grpc.secure_channel(f"localhost:{port(server)}", trusting) as channel:
        assert models(channel)
    assert served_certificate(int(port(server))) == now
    log_with(server, "credentials not renewed")


def test_mutual_tls_asks_for_a_certificate_of_the_right_authority(
    serve: Callable[..., ServerProcess], certificates: Certificates
) -> None:
    server = serve(*certificates.flags, "--tls-client-ca", str(certificates.ca))
    address = f"localhost:{port(server)}"
    with grpc.secure_channel(address, certificates.client()) as channel:
        assert models(channel)
        generation: Any = GenerationServiceStub(channel)
        list(generation.GenerateRows(generation_pb2.GenerateRowsRequest(model="models/tiny-table", count=1)))
    for credentials in (
        grpc.ssl_channel_credentials(certificates.ca.read_bytes()),
        certificates.client(trustme.CA()),
    ):
        with grpc.secure_channel(address, credentials) as channel:
            assert refused(channel) is grpc.StatusCode.UNAVAILABLE
    assert "principal=client " in printed(server)


def printed(server: ServerProcess) -> str:
    """Stops the server; what it has said."""
    server.process.terminate()
    assert server.process.stdout
    said = server.process.stdout.read()
    server.process.wait()
    return said + server.log.read_text()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text(f"reporting {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    return file


def test_without_its_token_nothing_is_open_but_health(serve: Callable[..., ServerProcess], token_file: Path) -> None:
    server = serve("--token-file", str(token_file))
    with grpc.insecure_channel(server.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        generation: Any = GenerationServiceStub(channel)

        def rows(metadata: Any) -> None:
            next(generation.GenerateRows(generation_pb2.GenerateRowsRequest(model="models/nope"), metadata=metadata))

        for metadata, message in (
            ((), "requires a token"),
            ((("authorization", "Basic abc"),), "requires a token"),
            ((("authorization", "Bearer "),), "requires a token"),
            ((("authorization", "Bearer wrong"),), "not known here"),
        ):
            for call in (lambda metadata: models(channel, metadata=metadata), rows):
                with pytest.raises(grpc.RpcError) as caught:
                    call(metadata)
                error: Any = caught.value
                assert error.code() is grpc.StatusCode.UNAUTHENTICATED
                assert message in error.details()
                assert "wrong" not in error.details()
                assert detail(error, error_details_pb2.ErrorInfo).reason == "UNAUTHENTICATED"
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            next(reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")])))
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert models(channel, metadata=(("authorization", f"Bearer {TOKEN}"),))
        assert models(channel, metadata=(("authorization", f"bearer {TOKEN}"),))
    with synthserve.Client(server.address, metadata={"authorization": f"Bearer {TOKEN}"}) as client:
        assert len(client.rows("tiny-table", count=3, seed=1).to_pandas()) == 3
    with pytest.raises(synthserve.Unauthenticated), synthserve.Client(server.address) as client:
        client.models()


def test_the_command_line_connects_over_tls_with_a_token(
    serve: Callable[..., ServerProcess], certificates: Certificates, token_file: Path, tmp_path: Path
) -> None:
    server = serve(*certificates.flags, "--token-file", str(token_file))
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    program = Path(sys.executable).with_name("synthserve")

    def command(*options: str) -> "subprocess.CompletedProcess[str]":
        where = ("--server", f"localhost:{port(server)}", "--timeout", "20")
        return subprocess.run(
            [program, "rows", "tiny-table", "--count", "3", *where, *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = command("--tls-ca", str(certificates.ca), "--token-file", str(token))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4), done.stderr
    done = command("--tls-ca", str(certificates.ca))
    assert done.returncode != 0
    assert "requires a token" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("asked", ["option", "variable"])
def test_the_command_trusts_the_authorities_of_the_machine(
    serve: Callable[..., ServerProcess], certificates: Certificates, asked: str
) -> None:
    server = serve(*certificates.flags)
    options, variables = (["--tls"], {}) if asked == "option" else ([], {"SYNTHSERVE_CLIENT_TLS": "1"})

    def command(trusted: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "synthserve.cli", "models", "--server", f"127.0.0.1:{port(server)}", *options],
            # An empty one is an unset one; gRPC's own goes before all others.
            env={**os.environ, **variables, "SSL_CERT_FILE": str(trusted), "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = command(certificates.ca)
    assert (done.returncode, done.stderr) == (0, "")
    strange = certificates.folder / "strange.pem"
    trustme.CA().cert_pem.write_to_path(strange)
    done = command(strange)
    assert done.returncode == 4
    assert "was not issued by an authority that this client trusts" in done.stderr


def test_the_log_tells_who_called_and_no_token(serve: Callable[..., ServerProcess], token_file: Path) -> None:
    server = serve("--token-file", str(token_file))
    with synthserve.Client(server.address, metadata={"authorization": f"Bearer {TOKEN}"}) as client:
        client.rows("tiny-table", count=3, seed=1).to_pandas()
    said = printed(server)
    assert "principal=reporting" in said
    assert TOKEN not in said
    assert hashlib.sha256(TOKEN.encode()).hexdigest() not in said


def test_without_reflection_nobody_is_told_what_there_is(serve: Callable[..., ServerProcess]) -> None:
    server = serve("--no-reflection")
    with grpc.insecure_channel(server.address) as channel:
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            next(reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")])))
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--listen", "0.0.0.0:0"), "can be reached from elsewhere, and is not secured"),
        (("--token-file", "{folder}/tokens"), "tokens, line 1: the name is to be followed by a SHA-256"),
        (("--tls-certificate", "{folder}/tokens", "--tls-key", "{folder}/tokens"), "are not a PEM certificate"),
    ],
)
def test_settings_that_cannot_be_meant_are_one_line(
    small: Path, tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    (tmp_path / "tokens").write_text("secret\n")
    given = [flag.format(folder=tmp_path) for flag in flags]
    done = subprocess.run(
        [*COMMAND, "--model-repository", str(small), *given], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (1, 2)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("synthserve-server: ")]
    assert message in line
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr
