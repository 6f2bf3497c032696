"""Who may change what a server serves, and how an operator does it."""

import hashlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from google.rpc import error_details_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fixtures import packages, repositories
from tests.fixtures.in_process import served
from tests.fixtures.processes import SERVER, running_server
from tests.fixtures.statuses import detail

from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

Health = health_pb2.HealthCheckResponse
EXPLICIT = {"model_control_mode": "explicit", "load_model": ["*"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    repositories.put(tmp_path / "models", 1, repositories.graph(1))
    return tmp_path / "models"


def changes(channel: aio.Channel, name: str = "models/m", **options: Any) -> list[tuple[str, Any]]:
    """The three calls that change what is served."""
    stub: Any = ModelServiceStub(channel)
    return [
        ("LoadModel", lambda: stub.LoadModel(model_pb2.LoadModelRequest(name=name), **options)),
        ("ReloadModels", lambda: stub.ReloadModels(model_pb2.ReloadModelsRequest(), **options)),
        ("UnloadModel", lambda: stub.UnloadModel(model_pb2.UnloadModelRequest(name=name), **options)),
    ]


async def assert_refused(channel: aio.Channel, **options: Any) -> None:
    # Whether the model is there, and whether the name is one, is not looked at.
    for name in ("models/m", "models/absent", "?"):
        for _, change in changes(channel, name, **options):
            with pytest.raises(aio.AioRpcError) as caught:
                await change()
            assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
            info = detail(caught.value, error_details_pb2.ErrorInfo)
            assert (info.reason, info.metadata["role"]) == ("PERMISSION_DENIED", "admin")
    stub: Any = ModelServiceStub(channel)
    assert await stub.GetModel(model_pb2.GetModelRequest(name="models/m"), **options)


async def assert_allowed(channel: aio.Channel, **options: Any) -> None:
    for _, change in changes(channel, **options):
        await change()


async def test_tokens_need_the_role(root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [
        f"{name} {hashlib.sha256(name.encode()).hexdigest()} {role}\n" for name, role in (("a", "admin"), ("b", ""))
    ]
    (tmp_path / "tokens").write_text("".join(lines))
    async with (
        served(root, **EXPLICIT, token_file=tmp_path / "tokens") as address,
        aio.insecure_channel(address) as channel,
    ):
        await assert_refused(channel, metadata=[("authorization", "Bearer b")])
        await assert_allowed(channel, metadata=[("authorization", "Bearer a")])
    asked = [line for line in capfd.readouterr().out.splitlines() if "administrator call" in line]
    assert all(("allowed=False" in line) == ("principal=b" in line) for line in asked)
    assert len(asked) == 12


async def test_certificates_need_their_name_in_the_settings(root: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    pems = {
        "tls_client_ca": authority.cert_pem,
        "tls_key": issued.private_key_pem,
        "tls_certificate": issued.cert_chain_pems[0],
    }
    for name, pem in pems.items():
        pem.write_to_path(tmp_path / name)
    files = {name: tmp_path / name for name in pems}
    async with served(root, **EXPLICIT, **files, admin_certificate=["operator"]) as address:
        for name, check in (("reader", assert_refused), ("anybody", assert_refused), ("operator", assert_allowed)):
            own = authority.issue_cert("someone@example.org", common_name=name)
            credentials = grpc.ssl_channel_credentials(
                authority.cert_pem.bytes(), own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes()
            )
            async with aio.secure_channel(f"localhost:{address.rpartition(':')[2]}", credentials) as channel:
                await check(channel)


@pytest.mark.parametrize(("local_admin", "check"), [(False, assert_refused), (True, assert_allowed)])
async def test_without_authentication_nobody_may_unless_it_is_said(root: Path, local_admin: bool, check: Any) -> None:
    async with (
        served(root, **EXPLICIT, local_admin=local_admin) as address,
        aio.insecure_channel(address) as channel,
    ):
        await check(channel)


@pytest.mark.parametrize("mode", ["none", "poll"])
async def test_a_server_whose_models_are_not_for_calls_says_so(root: Path, mode: str) -> None:
    async with (
        served(root, model_control_mode=mode, local_admin=True) as address,
        aio.insecure_channel(address) as channel,
    ):
        for method, change in changes(channel):
            if (mode, method) == ("poll", "ReloadModels"):
                await change()
                continue
            with pytest.raises(aio.AioRpcError) as caught:
                await change()
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            info = detail(caught.value, error_details_pb2.ErrorInfo)
            assert (info.reason, info.metadata["mode"]) == ("MODEL_CONTROL", mode)


def watched(channel: grpc.Channel, model: str) -> Iterator[int]:
    health: Any = health_pb2_grpc.HealthStub(channel)
    for response in health.Watch(health_pb2.HealthCheckRequest(service=model), timeout=60):
        yield response.status


def until(watch: Iterator[int], status: int) -> None:
    assert any(seen == status for seen in watch)


def test_polling_picks_up_and_removes(root: Path, tmp_path: Path) -> None:
    flags = ("--model-control-mode", "poll", "--repository-poll-seconds", "0.02")
    with (
        running_server(root, tmp_path / "log.txt", *flags) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = watched(channel, "models/other")
        assert next(watch) == Health.SERVICE_UNKNOWN
        repositories.put(root, 1, repositories.graph(2), "other")
        until(watch, Health.SERVING)
        assert model_names(channel) == ["models/m", "models/other"]
        shutil.rmtree(root / "other")
        until(watch, Health.SERVICE_UNKNOWN)
        assert model_names(channel) == ["models/m"]


def model_names(channel: grpc.Channel) -> list[str]:
    return [model.name for model in ModelServiceStub(channel).ListModels(model_pb2.ListModelsRequest()).models]


def test_sighup_looks_at_once(root: Path, tmp_path: Path) -> None:
    with (
        running_server(root, tmp_path / "log.txt", "--model-control-mode", "explicit", "--load-model", "*") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = watched(channel, "models/other")
        assert next(watch) == Health.SERVICE_UNKNOWN
        repositories.put(root, 1, repositories.graph(2), "other")
        server.process.send_signal(signal.SIGHUP)
        until(watch, Health.SERVING)


def test_the_drain_delay_still_takes_calls(root: Path, tmp_path: Path) -> None:
    with (
        running_server(root, tmp_path / "log.txt", "--drain-delay-seconds", "600") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = watched(channel, "")
        assert next(watch) == Health.SERVING
        server.process.terminate()
        until(watch, Health.NOT_SERVING)
        request = generation_pb2.GenerateImagesRequest(model="models/m", count=1)
        assert len(list(GenerationServiceStub(channel).GenerateImages(request))) == 1
        server.process.send_signal(signal.SIGINT)  # no waiting any more; the watch is still open
        assert server.process.wait() == 1


def test_a_start_can_be_stopped(root: Path, tmp_path: Path) -> None:
    packages.write_package(root, "slow", packages.slow_graph(10**12), packages.SLOW_MANIFEST)
    log, port_file = tmp_path / "log.txt", tmp_path / "port"
    flags = ["--model-repository", str(root), "--listen", "127.0.0.1:0", "--port-file", str(port_file)]
    with log.open("w") as errors, subprocess.Popen([*SERVER, *flags], stderr=errors, stdout=errors) as process:
        while "models/m/versions/1" not in log.read_text():  # the next one is the slow one
            assert process.poll() is None
        process.terminate()
        assert process.wait() == 0
