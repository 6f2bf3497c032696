"""With authentication on, every method that the server has is closed, but health."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.fixtures.certificates import Certificates
from tests.fixtures.issuer import AUDIENCE, ISSUER, Key, KeyServer, says, serving
from tests.fixtures.statuses import detail

from synthserve_server.app import Server
from synthserve_server.calls.admission import Gate
from synthserve_server.calls.authentication import Authentication
from synthserve_server.calls.lifecycle import Lifecycle
from synthserve_server.calls.pipeline import Pipeline
from synthserve_server.calls.telemetry import CallTelemetry
from synthserve_server.limits.admission import Admission
from synthserve_server.limits.quotas import Quota, Quotas
from synthserve_server.rpcs import Rpc
from synthserve_server.security.principals import Administrators, Principal, current_principal
from synthserve_server.security.tls.credentials import server_credentials
from synthserve_server.services import models
from synthserve_server.settings.settings import Settings

KEY = Key("a")
TOKEN = "a token that nobody guesses"  # noqa: S105 - of this test


@pytest.fixture
def issuer() -> Iterator[KeyServer]:
    with serving(KEY) as server:
        yield server


@pytest.fixture
async def methods(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that gRPC servers of this process have from now on, `/package.Service/Method`."""
    found: list[str] = []
    serve = Pipeline.serve

    def declaring(self: Pipeline, rpcs: Mapping[str, Rpc]) -> None:
        found.extend(rpcs)
        serve(self, rpcs)

    monkeypatch.setattr(Pipeline, "serve", declaring)
    kind: Any = type(aio.server())
    add = kind.add_generic_rpc_handlers

    def adding(self: Any, handlers: Any) -> None:
        for handler in handlers:
            found.extend(handler._method_handlers)
        add(self, handlers)

    monkeypatch.setattr(kind, "add_generic_rpc_handlers", adding)
    return found


@asynccontextmanager
async def running(repository: Path, **settings: Any) -> AsyncIterator[str]:
    server = Server(Settings(model_repository=repository, listen="127.0.0.1:0", device="cpu", workers=1, **settings))
    ready = await server.start()
    try:
        yield f"127.0.0.1:{ready.port}"
    finally:
        await server.stop(0)


async def failure(channel: aio.Channel, method: str, *metadata: tuple[str, str]) -> aio.AioRpcError:
    """How a call without a message ends. To the client a method of any shape is a stream both ways."""
    caller: Any = channel.stream_stream(method)
    call = caller(iter([b""]), metadata=metadata, timeout=30)
    with pytest.raises(aio.AioRpcError) as caught:
        await call.read()
    return caught.value


async def test_every_method_but_health_is_closed(
    small: Path, tmp_path: Path, issuer: KeyServer, methods: list[str]
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"reporting {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    flags = {"token_file": tokens, "jwks": issuer.url, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    async with running(small, **flags) as address, aio.insecure_channel(address) as channel:
        bearer = ("authorization", f"Bearer {TOKEN}")
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # The stubs know grpc only.
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        told = {
            service.name
            async for response in stub.ServerReflectionInfo(iter([request]), metadata=(bearer,))
            for service in response.list_services_response.service
        }
        closed = [method for method in methods if not method.startswith(f"/{health.SERVICE_NAME}/")]
        assert told <= {method.split("/")[1] for method in methods}
        assert len(closed) >= 5
        assert "/synthserve.v1.GenerationService/GenerateRows" in closed
        assert "/inference.GRPCInferenceService/ModelInfer" in closed
        for method in closed:
            for header, value, reason in (
                ("x-authorization", f"Bearer {TOKEN}", "UNAUTHENTICATED"),
                ("authorization", f"Basic {TOKEN}", "UNAUTHENTICATED"),
                ("authorization", "Bearer wrong", "UNAUTHENTICATED"),
                ("authorization", f"Bearer {KEY.sign(aud='another')}", "UNAUTHENTICATED"),
                ("authorization", f"Bearer {KEY.sign(exp=1)}", "TOKEN_EXPIRED"),
            ):
                error = await failure(channel, method, (header, value))
                assert error.code() is grpc.StatusCode.UNAUTHENTICATED, (method, value, error)
                assert detail(error, error_details_pb2.ErrorInfo).reason == reason
            assert (await failure(channel, method)).code() is grpc.StatusCode.UNAUTHENTICATED
        probe: Any = health_pb2_grpc.HealthStub(channel)
        answer = await probe.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert len(issuer.asked) == 1


async def test_without_keys_signed_tokens_are_told_to_come_back_and_the_others_are_let_in(
    small: Path, tmp_path: Path, issuer: KeyServer
) -> None:
    issuer.answer = says(b"", 503)
    tokens = tmp_path / "tokens"
    tokens.write_text(f"reporting {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    flags = {"token_file": tokens, "jwks": issuer.url, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    async with running(small, **flags) as address, aio.insecure_channel(address) as channel:
        method = "/synthserve.v1.ModelService/ListModels"
        error = await failure(channel, method, ("authorization", f"Bearer {KEY.sign()}"))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert detail(error, error_details_pb2.ErrorInfo).reason == "KEYS_UNAVAILABLE"
        assert detail(error, error_details_pb2.RetryInfo).retry_delay.seconds > 0
        caller: Any = channel.unary_unary(method)
        assert await caller(b"", metadata=(("authorization", f"Bearer {TOKEN}"),))


async def test_who_calls_is_told_by_the_token_else_by_the_certificate(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)

    async def tell(_request: Any, _context: Any) -> bytes:
        principal = current_principal()
        return f"{principal.name} {sorted(principal.roles)}".encode()

    async def find(_token: str) -> Principal:
        return Principal("by token")

    rpc = Rpc(models.DESCRIPTOR.methods_by_name["GetModel"], tell)
    admins = Administrators(frozenset({"operator", ""}))
    for wants_token in (False, True):
        authentication = Authentication(admins, find if wants_token else None)
        gate = Gate(Admission(1, Quotas(Quota(), {})))
        pipeline = Pipeline(CallTelemetry([]), authentication, Lifecycle(), gate, open_services=())
        pipeline.serve({rpc.path: rpc})
        server = aio.server(interceptors=[pipeline])
        credentials = server_credentials(certificates.chain, certificates.key, certificates.ca)
        port = server.add_secure_port("127.0.0.1:0", credentials)
        await server.start()
        answers: list[bytes] = []
        for name in ("operator", "client", None):
            async with aio.secure_channel(f"localhost:{port}", certificates.client(name=name)) as channel:
                metadata = (("authorization", "Bearer x"),) if wants_token else ()
                caller: Any = channel.unary_unary(rpc.path)
                answers.append(await caller(b"", metadata=metadata, timeout=30))
        await server.stop(None)
        assert answers == (
            [b"by token []"] * 3 if wants_token else [b"operator ['admin']", b"client []", b"client@example.org []"]
        )
