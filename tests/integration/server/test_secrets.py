"""No secret leaves the process: not in a log line, an answer, a metric or a trace."""

import base64
import hashlib
import http.client
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripts.server_process import ServerProcess, running_server
from tests.fixtures import packages
from tests.fixtures.certificates import Certificates
from tests.fixtures.collector import running_collector
from tests.fixtures.issuer import AUDIENCE, ISSUER, Key, key_set, says, serving, write_keys

import synthserve
from synthserve.v1 import generation_pb2, generation_pb2_grpc, model_pb2, model_pb2_grpc

KEY = Key("a")
TOKEN, OTHER = "3f0c1ad2 of the scenario", "77aa41 of the scenario as well"
JWT_FLAGS = ("--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Answers:
    """Everything that calls were answered."""

    def __init__(self) -> None:
        self.text = ""
        self.codes: set[grpc.StatusCode] = set()

    def call(self, channel: grpc.Channel, token: str) -> None:
        """Makes a call of each shape."""
        metadata = (("authorization", f"Bearer {token}"),)
        listing: Any = model_pb2_grpc.ModelServiceStub(channel)
        self._note(listing.ListModels.with_call, model_pb2.ListModelsRequest(), metadata)
        generation: Any = generation_pb2_grpc.GenerationServiceStub(channel)
        for request in (
            generation_pb2.GenerateRowsRequest(model="models/tiny-table", count=5),
            generation_pb2.GenerateRowsRequest(model="models/none"),
            generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=-1),
        ):
            self._note(lambda request, **options: self._streamed(generation, request, options), request, metadata)

    def _streamed(self, generation: Any, request: Any, options: Any) -> Any:
        call = generation.GenerateRows(request, **options)
        return list(call), call

    def _note(self, method: Callable[..., Any], request: Any, metadata: Any) -> None:
        try:
            answer, call = method(request, metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            answer, call = None, error
        self.codes.add(call.code())
        self.text += f"{answer} {call.code()} {call.details()} {call.initial_metadata()} {call.trailing_metadata()}\n"
        # The status with its details travels in base64.
        self.text += "".join(str(value) for _, value in call.trailing_metadata())


def other_ports(server: ServerProcess) -> str:
    """What the process answers to HTTP on every port beside the one for calls."""
    said = ""
    for connection in psutil.Process(server.process.pid).net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and not server.address.endswith(f":{connection.laddr.port}"):
            asked = http.client.HTTPConnection("127.0.0.1", connection.laddr.port, timeout=30)
            asked.request("GET", "/metrics")
            said += asked.getresponse().read().decode()
            asked.close()
    return said


def parts(token: str) -> list[str]:
    """A signed token, and its claims and signature alone."""
    return [token, *token.split(".")[1:]]


def private(key: Key) -> list[str]:
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return pem_lines(pem)


def pem_lines(pem: str) -> list[str]:
    return [line for line in pem.splitlines() if len(line) > 30 and "-" not in line]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nothing_that_the_process_says_holds_a_secret(
    serve: Callable[..., ServerProcess], certificates: Certificates, tmp_path: Path, log_format: str
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"operations {digest(TOKEN)} admin\n")
    stranger = Key("a")
    good, expired, forged = KEY.sign(roles=["admin"]), KEY.sign(exp=1), stranger.sign()
    foreign, nobody = KEY.sign(aud="another"), KEY.sign(sub="a\nline")
    secrets = [TOKEN, digest(TOKEN), OTHER, digest(OTHER), *pem_lines(certificates.key.read_text()), *private(KEY)]
    secrets += [part for token in (good, expired, forged, foreign, nobody) for part in parts(token)]
    answers = Answers()
    with serving(KEY) as issuer, running_collector() as collector:
        watched = ("--metrics-listen", "127.0.0.1:0", "--otlp-endpoint", f"http://{collector.address}")
        files = (*certificates.flags, "--token-file", str(tokens))
        server = serve(*files, "--jwks", issuer.url, *JWT_FLAGS, "--log-format", log_format, *watched)
        address = f"localhost:{server.address.rpartition(':')[2]}"

        def calls() -> None:
            with grpc.secure_channel(address, certificates.trusting()) as channel:
                for token in (TOKEN, good, expired, forged, foreign, nobody, OTHER, "x.y.z", f"{good}x", good[:-9]):
                    answers.call(channel, token)

        calls()
        # Everything is replaced by what cannot be used, and holds secrets itself.
        issuer.answer = says(f'{{"keys": ["{TOKEN}", {private(KEY)}]}}'.encode())
        tokens.write_text(f"operations {digest(TOKEN)}\nanother {digest(OTHER)} {TOKEN}\n")
        secrets += pem_lines(certificates.key.read_text())
        certificates.chain.write_text(certificates.key.read_text())
        with grpc.secure_channel(address, certificates.trusting()) as channel:
            answers.call(channel, Key("unknown").sign())
        calls()
        said = other_ports(server)
        server.process.terminate()
        assert server.process.stdout
        said += server.process.stdout.read() + server.log.read_text()
        said += f"{collector.spans} {collector.resources}"
    assert answers.codes == {
        grpc.StatusCode.OK,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.INVALID_ARGUMENT,
    }
    # What was to be provoked has happened.
    for event in ("credentials not renewed", "keys of the issuer not fetched", "tokens refused", "stream finished"):
        assert event in said
    assert "synthserve_requests_total" in said
    assert collector.spans
    assert "reporting" in said
    assert "operations" in said
    for secret in secrets:
        assert secret not in said
        assert secret not in answers.text
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in said + answers.text


def test_what_is_wrong_with_a_key_file_is_told_without_it(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(f'{{"keys": ["{TOKEN}"]}}')
    with (
        pytest.raises(RuntimeError, match=r"keys\.json holds no public key for signatures that can be used") as caught,
        running_server(small, tmp_path / "log.txt", "--jwks", str(file), *JWT_FLAGS),
    ):
        pass
    assert TOKEN not in str(caught.value)
    assert "Traceback" not in str(caught.value)


LOG = """
import sys
from synthserve_server.telemetry import log_setup as logs
import structlog

logs.configure(sys.argv[1])
def fail(token):
    raise ValueError("what happened")
try:
    fail("the " + "secret")
except ValueError as error:
    structlog.get_logger().error("call failed", exc_info=error)
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_in_the_log_has_no_local_values(log_format: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOG, log_format], capture_output=True, text=True, check=True)
    assert "what happened" in done.stderr
    assert "in fail" in done.stderr or '"fail"' in done.stderr
    assert "the secret" not in done.stderr


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    """A channel to a server that takes signed tokens only."""
    folder = tmp_path_factory.mktemp("closed")
    packages.write_package(folder / "models", "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
    write_keys(folder / "keys.json", KEY)
    with running_server(
        folder / "models", folder / "log.txt", "--jwks", str(folder / "keys.json"), *JWT_FLAGS
    ) as server:
        with grpc.insecure_channel(server.address) as channel:
            yield channel
        assert re.search("INTERNAL|Traceback|unexpected", server.log.read_text()) is None


VISIBLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
SEGMENT = st.binary(max_size=100).map(lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()) | VISIBLE


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(VISIBLE | st.lists(SEGMENT, min_size=3, max_size=3).map(".".join), min_size=1, max_size=5))
def test_no_garbage_gets_in_or_breaks_anything(closed: grpc.Channel, values: list[str]) -> None:
    stub: Any = model_pb2_grpc.ModelServiceStub(closed)
    metadata = tuple(("authorization", f"Bearer {value}") for value in values)
    with pytest.raises(grpc.RpcError) as caught:
        stub.ListModels(model_pb2.ListModelsRequest(), metadata=metadata, timeout=30)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error.details() in (
        "the bearer token is not known here",
        "this server requires a token: send the metadata `authorization: Bearer TOKEN`",
    )


def test_the_client_says_why(serve: Callable[..., ServerProcess], tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set(KEY))
    server = serve("--jwks", str(tmp_path / "keys.json"), *JWT_FLAGS)
    with synthserve.Client(server.address, token=KEY.sign(exp=1)) as client:
        with pytest.raises(synthserve.Unauthenticated, match="has expired") as caught:
            client.models()
        assert caught.value.reason == "TOKEN_EXPIRED"
    with synthserve.Client(server.address, token=KEY.sign) as client:
        assert len(list(client.rows("tiny-table", count=3, seed=1))) == 3
