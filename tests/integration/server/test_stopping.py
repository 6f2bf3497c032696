"""What stops a stream, and what a stream that stands still does not stop. The server runs in this process."""

# The stubs have asynchronous types only in type checkers; waiting here means for another thread.
# ruff: noqa: ANN401, ASYNC110

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fixtures.statuses import detail

from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub
from synthserve_server import config
from synthserve_server.app import Ready, Server
from synthserve_server.repository import Repository
from synthserve_server.runtime import sampler
from synthserve_server.runtime.provider import Provider
from synthserve_server.services import jobs

WORKERS = 2


@pytest.fixture(scope="module")
def loaded(repository: Path) -> Repository:
    """Loaded once, as the slow model takes its time."""
    loaded = Repository(repository, Provider.CPU)
    loaded.load()
    return loaded


@pytest.fixture
async def server(repository: Path, loaded: Repository, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr("synthserve_server.app.Repository", lambda *_: loaded)
    monkeypatch.setattr(loaded, "load", lambda: None)
    settings = config.load(
        {"model_repository": repository, "listen": "127.0.0.1:0", "workers": WORKERS, "provider": "cpu"}
    )
    server = Server(settings)
    yield server
    await server.stop(0)


@pytest.fixture
async def ready(server: Server) -> Ready:
    return await server.start()


@pytest.fixture
async def channel(ready: Ready) -> AsyncIterator[aio.Channel]:
    async with aio.insecure_channel(f"{ready.host}:{ready.port}") as channel:
        yield channel


@pytest.fixture
def stub(channel: aio.Channel) -> Any:
    return GenerationServiceStub(channel)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first index of every frame that the server has begun to compute."""
    begun: list[int] = []

    def noting(model: Any, graph: Any, seed: int, start: int, *others: Any) -> Any:
        begun.append(start)
        return sampler.sample(model, graph, seed, start, *others)

    monkeypatch.setattr(jobs, "sample", noting)
    return begun


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that happens soon; the test's own time limit ends what does not."""
    while not condition():
        await asyncio.sleep(0.01)


async def stays(count: Callable[[], int]) -> int:
    """The count, once it has not changed for a while."""
    last = -1
    while (now := count()) != last:
        last = now
        await asyncio.sleep(0.2)
    return last


def rows(model: str = "models/tiny-table", **fields: Any) -> generation_pb2.GenerateRowsRequest:
    return generation_pb2.GenerateRowsRequest(model=model, seed=7, **fields)


async def test_cancelling_stops_the_computing(
    stub: Any, server: Server, computed: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    call = stub.GenerateRows(rows("models/slow", rows_per_message=4))
    await call.read()
    call.cancel()
    await until(lambda: server.active_calls == 0)
    assert await stays(lambda: len(computed)) <= 1 + WORKERS + 1
    assert "status=CANCELLED" in capfd.readouterr().out


async def test_the_deadline_stops_the_computing(stub: Any, server: Server, computed: list[int]) -> None:
    with pytest.raises(aio.AioRpcError) as caught:
        async for _ in stub.GenerateRows(rows("models/slow"), timeout=0.3):
            pass
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: server.active_calls == 0)
    assert await stays(lambda: len(computed)) <= WORKERS + 1


async def test_hanging_up_stops_the_computing(ready: Ready, server: Server, computed: list[int]) -> None:
    async with aio.insecure_channel(f"{ready.host}:{ready.port}") as channel:
        call: Any = GenerationServiceStub(channel).GenerateRows(rows())
        await call.read()
    await until(lambda: server.active_calls == 0)
    await stays(lambda: len(computed))


async def test_cancelling_a_stream_that_waits_for_its_reader_stops_it(
    stub: Any, server: Server, computed: list[int]
) -> None:
    call = stub.GenerateRows(rows())
    await call.read()
    before = await stays(lambda: len(computed))
    call.cancel()
    await until(lambda: server.active_calls == 0)
    assert await stays(lambda: len(computed)) == before


async def test_a_reader_that_stops_slows_nobody(stub: Any, server: Server, computed: list[int]) -> None:
    stalled = [stub.GenerateRows(rows()) for _ in range(3 * WORKERS)]
    for call in stalled:
        await call.read()
    standing = await stays(lambda: len(computed))
    # Each stands still with what fits between it and its reader, although there is no end to its rows.
    assert server.active_calls == len(stalled)
    got = 0
    async for response in stub.GenerateRows(rows(count=2_000_000)):
        got += response.row_count
    assert got == 2_000_000
    others = [start for start in computed[standing:] if start >= 2_000_000]
    assert others == []
    # And goes on when its reader does.
    for call in stalled:
        assert (await call.read()).first_index == 64
        call.cancel()


async def test_draining_lets_streams_finish_and_refuses_new_ones(
    stub: Any, channel: aio.Channel, server: Server
) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest())
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    call = aiter(stub.GenerateRows(rows(count=3_000_000)))
    got = (await anext(call)).row_count
    stopping = asyncio.ensure_future(server.stop(60))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    for refused in (stub.GenerateRows(rows(count=1)).read, models_call(channel)):
        with pytest.raises(aio.AioRpcError) as caught:
            await refused()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "SHUTTING_DOWN"
        assert detail(caught.value, error_details_pb2.RetryInfo).retry_delay.seconds == 1
    assert not stopping.done()
    async for response in call:
        got += response.row_count
    assert got == 3_000_000
    # The watch is still open, and has no end: the server must not wait for it.
    await stopping


def models_call(channel: aio.Channel) -> Callable[[], Awaitable[Any]]:
    stub: Any = ModelServiceStub(channel)
    return lambda: stub.ListModels(model_pb2.ListModelsRequest())


async def test_after_the_grace_streams_end_as_unavailable(
    stub: Any, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    reading = aiter(stub.GenerateRows(rows("models/slow", rows_per_message=4)))
    stalled = aiter(stub.GenerateRows(rows()))
    await anext(reading)
    await anext(stalled)
    stopping = asyncio.ensure_future(server.stop(0.2))
    for call in (reading, stalled):
        with pytest.raises(aio.AioRpcError) as caught:
            async for _ in call:
                pass
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        if call is reading:
            assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "SHUTTING_DOWN"
            assert detail(caught.value, error_details_pb2.RetryInfo).retry_delay.seconds == 1
    await stopping
    finished = [line for line in capfd.readouterr().out.splitlines() if "stream finished" in line]
    assert any("UNAVAILABLE" in line for line in finished)


async def test_what_nobody_expected_is_internal_and_tells_nothing(
    stub: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(jobs, "sample", broken)
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.GenerateRows(rows(count=1)).read()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "INTERNAL"
    assert "secret" not in str(caught.value)
    logged = "".join(capfd.readouterr())
    assert "ZeroDivisionError: a secret" in logged
    assert "/synthserve.v1.GenerationService/GenerateRows" in logged
