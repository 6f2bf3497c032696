"""What stops a stream, and what a stream that stands still does not stop. The server runs in this process.

No test concludes from silence that the computing has stopped. `Streams` counts what is begun and done, holds the
workers where a test wants them, and tells when no stream is left that could ask them for more.
"""

# ruff: noqa: ASYNC110 - `until` waits for what other threads change, which sets no event of this loop

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
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
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.session import Session
from synthserve_server.app import Ready, Server
from synthserve_server.models.repository import Repository
from synthserve_server.scheduling.jobs import Made, Result, SampleJob, perform
from synthserve_server.settings import settings as config

WORKERS = 2

FIXED_WINDOW = [("grpc.http2.bdp_probe", 0)]
"""A connection whose windows stay at 64 KiB, so that a message of 512 KiB waits until its reader asks for it."""

STANDING = 2 + WORKERS
"""How many messages a stream computes whose reader took the first: that, the one being sent, and the look-ahead."""


@pytest.fixture(scope="module")
def loaded(repository: Path) -> Repository:
    """Loaded once, as the slow model takes its time."""
    loaded = Repository(repository, CPU)
    loaded.load()
    return loaded


@pytest.fixture
async def server(
    repository: Path, loaded: Repository, streams: "Streams", monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    async def stay_open() -> None: ...

    monkeypatch.setattr("synthserve_server.app.Repository", lambda *_, **__: loaded)
    monkeypatch.setattr("synthserve_server.app.perform", streams.perform)
    monkeypatch.setattr(loaded, "load", lambda: None)
    monkeypatch.setattr(loaded, "close", stay_open)
    settings = config.load(
        {"model_repository": repository, "listen": "127.0.0.1:0", "workers": WORKERS, "device": "cpu"}
    )
    server = Server(settings)
    yield server
    await server.stop(0)


@pytest.fixture
async def ready(server: Server) -> Ready:
    return await server.start()


@pytest.fixture
async def channel(ready: Ready) -> AsyncIterator[aio.Channel]:
    async with aio.insecure_channel(f"{ready.host}:{ready.port}", FIXED_WINDOW) as channel:
        yield channel


@pytest.fixture
def stub(channel: aio.Channel) -> Any:
    return GenerationServiceStub(channel)


class Streams:
    """What the server computes, by seed, and the streams that make it compute."""

    def __init__(self) -> None:
        self.begun: Counter[int] = Counter()
        self.done: Counter[int] = Counter()
        self._permits: threading.Semaphore | None = None

    def hold_after(self, frames: int) -> None:
        """Lets the workers compute so many frames; they wait before the others until `release`."""
        self._permits = threading.Semaphore(frames)

    def release(self) -> None:
        if self._permits:
            self._permits.release(1_000_000)

    def perform(self, jobs: Sequence[SampleJob]) -> list[Result]:
        """What the workers do with jobs; those of one run count as one each."""
        self.begun.update(job.draw.seed for job in jobs)
        if self._permits:
            self._permits.acquire()
        results = perform(jobs)
        self.done.update(job.draw.seed for job, result in zip(jobs, results, strict=True) if isinstance(result, Made))
        return results

    async def ended(self, server: Server) -> None:
        """Waits until every call is over and the workers have nothing left to do."""
        await until(lambda: server.load().calls == 0 and server.load().scheduler.streams == 0)
        self.release()
        await until(lambda: not server.load().scheduler.busy)


@pytest.fixture
def streams() -> Iterator[Streams]:
    streams = Streams()
    yield streams
    streams.release()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that happens soon; the test's own time limit ends what does not."""
    while not condition():
        await asyncio.sleep(0.01)


SEED = 7


def rows(model: str = "models/tiny-table", **fields: Any) -> generation_pb2.GenerateRowsRequest:
    return generation_pb2.GenerateRowsRequest(**{"model": model, "seed": SEED, **fields})


async def test_cancelling_stops_the_computing(
    stub: Any, server: Server, streams: Streams, capfd: pytest.CaptureFixture[str]
) -> None:
    streams.hold_after(1)
    call = stub.GenerateRows(rows())
    await call.read()
    await until(lambda: streams.begun[SEED] == 1 + WORKERS)
    call.cancel()
    await streams.ended(server)
    # The frames that the workers were at came to nothing, and the one that waited for a worker was not begun.
    assert (streams.begun[SEED], streams.done[SEED]) == (1 + WORKERS, 1)
    assert "code=CANCELLED" in capfd.readouterr().out


async def test_the_deadline_stops_the_computing(stub: Any, server: Server, streams: Streams) -> None:
    streams.hold_after(0)
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.GenerateRows(rows(), timeout=0.3).read()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await streams.ended(server)
    assert streams.begun[SEED] <= WORKERS
    assert streams.done[SEED] == 0


async def test_hanging_up_stops_the_computing(ready: Ready, server: Server, streams: Streams) -> None:
    streams.hold_after(1)
    async with aio.insecure_channel(f"{ready.host}:{ready.port}") as channel:
        call: Any = GenerationServiceStub(channel).GenerateRows(rows())
        await call.read()
        await until(lambda: streams.begun[SEED] == 1 + WORKERS)
    await streams.ended(server)
    assert (streams.begun[SEED], streams.done[SEED]) == (1 + WORKERS, 1)


async def test_cancelling_a_stream_that_waits_for_its_reader_stops_it(
    stub: Any, server: Server, streams: Streams
) -> None:
    call = stub.GenerateRows(rows())
    await call.read()
    await until(lambda: streams.done[SEED] == STANDING)
    call.cancel()
    await streams.ended(server)
    assert streams.begun[SEED] == STANDING


async def test_a_reader_that_stops_slows_nobody(stub: Any, server: Server, streams: Streams) -> None:
    seeds = range(100, 100 + 3 * WORKERS)
    stalled = [stub.GenerateRows(rows(seed=seed)) for seed in seeds]
    for call in stalled:
        await call.read()
    await until(lambda: all(streams.done[seed] == STANDING for seed in seeds))
    assert server.load().calls == len(stalled)
    got = 0
    async for response in stub.GenerateRows(rows(count=2_000_000)):
        got += response.row_count
    assert got == 2_000_000
    # Each stands still with what fits between it and its reader, although there is no end to its rows.
    assert [streams.begun[seed] for seed in seeds] == [STANDING] * len(stalled)
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
    stub: Any, server: Server, streams: Streams, capfd: pytest.CaptureFixture[str]
) -> None:
    stalled = aiter(stub.GenerateRows(rows(seed=8)))
    await anext(stalled)
    await until(lambda: streams.done[8] == STANDING)
    # One that waits for a worker when the grace is over: to one that is writing just then, gRPC sends no status.
    streams.hold_after(1)
    reading = aiter(stub.GenerateRows(rows()))
    await anext(reading)
    stopping = asyncio.ensure_future(server.stop(0.2))
    for call in (reading, stalled):
        with pytest.raises(aio.AioRpcError) as caught:
            async for _ in call:
                pass
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        if call is reading:
            assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "SHUTTING_DOWN"
            assert detail(caught.value, error_details_pb2.RetryInfo).retry_delay.seconds == 1
    streams.release()
    await stopping
    finished = [line for line in capfd.readouterr().out.splitlines() if "stream finished" in line]
    assert len(finished) == 2
    # Of the stalled one, too: its message could not be sent, and so no status.
    assert all("UNAVAILABLE" in line for line in finished), finished


async def test_what_nobody_expected_is_internal_and_tells_nothing(
    stub: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(Session, "run", broken)
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.GenerateRows(rows(count=1)).read()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "INTERNAL"
    assert "secret" not in str(caught.value)
    logged = "".join(capfd.readouterr())
    assert "ZeroDivisionError: a secret" in logged
    assert "/synthserve.v1.GenerationService/GenerateRows" in logged
