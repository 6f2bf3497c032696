"""Models that come, change and go while clients read. The server runs in this process."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fixtures import repositories
from tests.fixtures.in_process import served
from tests.fixtures.statuses import detail, violations

from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import IMAGE
from synthserve_core.packages.reading import load_package

Health = health_pb2.HealthCheckResponse
COUNT = 400


@pytest.fixture
def root(tmp_path: Path) -> Path:
    repositories.put(tmp_path / "models", 1, repositories.graph(1))
    return tmp_path / "models"


@pytest.fixture
async def channel(root: Path) -> AsyncIterator[aio.Channel]:
    async with (
        served(root, model_control_mode="explicit", load_model=["*"], local_admin=True) as address,
        aio.insecure_channel(address) as channel,
    ):
        yield channel


@pytest.fixture
def generation(channel: aio.Channel) -> Any:
    return GenerationServiceStub(channel)


@pytest.fixture
def models(channel: aio.Channel) -> Any:
    return ModelServiceStub(channel)


@pytest.fixture
def health(channel: aio.Channel) -> Any:
    return health_pb2_grpc.HealthStub(channel)


def request(**fields: Any) -> generation_pb2.GenerateImagesRequest:
    return generation_pb2.GenerateImagesRequest(
        model="models/m", seed=7, format=generation_pb2.IMAGE_FORMAT_RAW, images_per_message=16, **fields
    )


def pictures(folder: Path) -> bytes:
    """What a stream of `COUNT` pictures of a package is, made without a server."""
    package = load_package(folder, CPU)
    arrays = sample(Draw(package.model, package.session, seed=7, start=0, count=COUNT), Cancellation())
    return bytes(arrays[IMAGE].tobytes())


async def reload(models: Any) -> model_pb2.ReloadModelsResponse:
    response: model_pb2.ReloadModelsResponse = await models.ReloadModels(model_pb2.ReloadModelsRequest())
    return response


async def state(models: Any, name: str = "models/m") -> Any:
    return (await models.GetModel(model_pb2.GetModelRequest(name=name))).model.state


async def test_takeover_under_load_fails_and_mixes_no_stream(root: Path, generation: Any, models: Any) -> None:
    """Streams run without a pause while versions appear, change in place and go; each is wholly that of one package."""
    allowed = {1: {pictures(root / "m" / "1")}}
    seen: list[tuple[int, bytes]] = []
    changed = asyncio.Condition()
    stopping = False

    async def read() -> None:
        while not stopping:
            version, got = 0, bytearray()
            async for response in generation.GenerateImages(request(count=COUNT)):
                version = version or int(response.info.model.rpartition("/")[2])
                got += b"".join(response.images)
            seen.append((version, bytes(got)))
            async with changed:
                changed.notify_all()

    async def until_served(version: int, expected: bytes) -> None:
        async with changed:
            await changed.wait_for(lambda: seen[-1:] == [(version, expected)])

    readers = [asyncio.ensure_future(read()) for _ in range(6)]
    watching = asyncio.gather(*readers)
    await until_served(1, *allowed[1])
    for version, seed in ((2, 2), (3, 3), (3, 4), (4, 5)):
        folder = repositories.put(root, version, repositories.graph(seed))
        expected = pictures(folder)
        allowed.setdefault(version, set()).add(expected)
        if version == 4:
            shutil.rmtree(root / "m" / "1")
        assert list((await reload(models)).loaded_versions) == [f"models/m/versions/{version}"]
        await until_served(version, expected)
    stopping = True
    await watching
    assert {version for version, _ in seen} == {1, 2, 3, 4}
    assert all(got in allowed[version] for version, got in seen)


async def test_a_stream_keeps_its_version_to_the_end(root: Path, generation: Any, models: Any) -> None:
    whole = pictures(root / "m" / "1")
    call = aiter(generation.GenerateImages(request(count=COUNT)))
    got = b"".join((await anext(call)).images)
    repositories.put(root, 1, repositories.graph(2))
    assert (await reload(models)).loaded_versions
    shutil.rmtree(root / "m")
    assert (await reload(models)).unloaded_versions
    async for response in call:
        got += b"".join(response.images)
    assert got == whole


async def test_unload_waits_for_its_streams_and_health_tells_it(generation: Any, models: Any, health: Any) -> None:
    watch = health.Watch(health_pb2.HealthCheckRequest(service="models/m"))
    assert (await watch.read()).status == Health.SERVING
    stream = generation.GenerateImages(request())
    await anext(aiter(stream))
    unloading = models.UnloadModel(model_pb2.UnloadModelRequest(name="models/m"))
    assert (await watch.read()).status == Health.NOT_SERVING
    assert await state(models) == model_pb2.MODEL_STATE_UNLOADING
    with pytest.raises(aio.AioRpcError) as caught:
        await generation.GenerateImages(request(count=1)).read()
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "MODEL_UNLOADING"
    assert detail(caught.value, error_details_pb2.PreconditionFailure).violations[0].subject == "models/m/versions/1"
    assert not unloading.done()
    stream.cancel()
    await unloading
    assert (await watch.read()).status == Health.SERVICE_UNKNOWN
    with pytest.raises(aio.AioRpcError) as caught:
        await health.Check(health_pb2.HealthCheckRequest(service="models/m"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == Health.SERVING
    with pytest.raises(aio.AioRpcError) as caught:
        await models.UnloadModel(model_pb2.UnloadModelRequest(name="models/m"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    response = await models.LoadModel(model_pb2.LoadModelRequest(name="models/m"))
    assert (response.model.state, list(response.loaded_versions)) == (
        model_pb2.MODEL_STATE_READY,
        ["models/m/versions/1"],
    )
    while (status := (await watch.read()).status) != Health.SERVING:
        assert status == Health.NOT_SERVING  # while it was loading


async def test_a_model_that_loads_says_so(
    root: Path, generation: Any, models: Any, health: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, made = asyncio.get_running_loop(), Session.__init__
    begun, go_on = asyncio.Event(), asyncio.Event()

    def held(session: Session, *arguments: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(60)
        made(session, *arguments)

    monkeypatch.setattr(Session, "__init__", held)
    repositories.put(root, 1, repositories.graph(3), "new")
    loading = models.LoadModel(model_pb2.LoadModelRequest(name="models/new"))
    await begun.wait()
    assert await state(models, "models/new") == model_pb2.MODEL_STATE_LOADING
    check = health_pb2.HealthCheckRequest(service="models/new")
    assert (await health.Check(check)).status == Health.NOT_SERVING
    with pytest.raises(aio.AioRpcError) as caught:
        await generation.GenerateImages(generation_pb2.GenerateImagesRequest(model="models/new", count=1)).read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "MODEL_LOADING"
    assert detail(caught.value, error_details_pb2.RetryInfo).retry_delay.seconds == 1
    go_on.set()
    assert (await loading).model.state == model_pb2.MODEL_STATE_READY
    assert (await health.Check(check)).status == Health.SERVING


async def test_a_bad_version_is_told_and_the_old_one_serves(
    root: Path, generation: Any, models: Any, health: Any
) -> None:
    repositories.put(root, 2, b"no graph")
    with pytest.raises(aio.AioRpcError) as caught:
        await models.LoadModel(model_pb2.LoadModelRequest(name="models/m"))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "MODEL_FAILED"
    (failure,) = (await reload(models)).failures
    assert (failure.name, failure.reason) == ("models/m/versions/2", "the graph is not an ONNX model")
    assert await state(models, "models/m/versions/2") == model_pb2.MODEL_STATE_FAILED
    repositories.put(root, 1, b"no graph")
    await reload(models)
    served = (await models.GetModel(model_pb2.GetModelRequest(name="models/m"))).model
    assert (served.version, served.state) == ("models/m/versions/1", model_pb2.MODEL_STATE_READY)
    assert served.state_reason == "the graph is not an ONNX model"
    assert len((await generation.GenerateImages(request(count=1)).read()).images) == 1
    assert (await health.Check(health_pb2.HealthCheckRequest(service="models/m"))).status == Health.SERVING


@pytest.mark.parametrize("name", ["", "m", "models/../m", "models/m/versions/1", "models/M"])
async def test_names_that_are_none_are_refused(models: Any, name: str) -> None:
    for method, message in (
        (models.LoadModel, model_pb2.LoadModelRequest),
        (models.UnloadModel, model_pb2.UnloadModelRequest),
    ):
        with pytest.raises(aio.AioRpcError) as caught:
            await method(message(name=name))
        assert list(violations(caught.value)) == ["name"]
