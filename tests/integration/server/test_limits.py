"""Limits of a real server: who is refused, what that says, and that nobody else is touched. The server runs in this
process, so that its places can be counted."""

# ruff: noqa: ASYNC110 - `until` waits for what other threads change, which sets no event of this loop

import asyncio
import hashlib
import itertools
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from tests.fixtures.statuses import detail, violations

from synthserve.v1 import generation_pb2 as pb
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve_core.compute.session import Session
from synthserve_server.app import Ready, Server
from synthserve_server.limits.admission import Admission
from synthserve_server.settings import settings as config

Metadata = tuple[tuple[str, str], ...]
NOBODY: Metadata = ()

FIXED_WINDOW = [("grpc.http2.bdp_probe", 0)]
"""A connection whose windows stay at 64 KiB, so that a stream is under way until its reader has come to its end."""


class Served:
    """A server with settings, and calls to it."""

    def __init__(self, server: Server, ready: Ready, stub: Any) -> None:
        self.server, self.stub = server, stub
        self.address = f"{ready.host}:{ready.port}"

    @property
    def places(self) -> int:
        """How many streams hold a place."""
        return self.server.load().streams

    def rows(self, metadata: Metadata = NOBODY, timeout: float | None = None, **fields: Any) -> Any:
        request = pb.GenerateRowsRequest(**{"model": "models/tiny-table", "seed": 7, **fields})
        return self.stub.GenerateRows(request, metadata=metadata, timeout=timeout)

    async def begun(self, metadata: Metadata = NOBODY, **fields: Any) -> Any:
        """A stream without an end whose first message has come."""
        call = self.rows(metadata, **fields)
        await call.read()
        return call

    async def refused(self, metadata: Metadata = NOBODY, **fields: Any) -> Any:
        """The error of a call that is over a limit."""
        with pytest.raises(aio.AioRpcError) as caught:
            await self.rows(metadata, count=1, **fields).read()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, caught.value
        assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "LIMIT_EXCEEDED"
        return caught.value


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve(small: Path) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Served:
            server = Server(
                config.load(
                    {"model_repository": small, "listen": "127.0.0.1:0", "workers": 2, "device": "cpu", **settings}
                )
            )
            ready = await server.start()
            stack.push_async_callback(server.stop, 0)
            channel = await stack.enter_async_context(aio.insecure_channel(f"{ready.host}:{ready.port}", FIXED_WINDOW))
            return Served(server, ready, GenerationServiceStub(channel))

        yield start


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that happens soon; the test's own time limit ends what does not."""
    while not condition():
        await asyncio.sleep(0.01)


async def collected(call: Any) -> bytes:
    """The messages of a stream, as bytes without `info`."""
    found = []
    while (response := await call.read()) is not aio.EOF:
        response.ClearField("info")
        found.append(response.SerializeToString())
    return b"".join(found)


async def test_one_call_too_many_is_told_everything_at_once_while_the_others_go_on(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    served = await serve(max_streams=3, max_streams_per_caller=2)
    wanted = await collected(served.rows(count=200_000))
    running = [served.rows(count=200_000) for _ in range(2)]
    first = [await call.read() for call in running]
    error = await served.refused()
    assert error.details() == "max_streams_per_caller of anybody is 2; try again in 1.0 s"
    info = detail(error, error_details_pb2.ErrorInfo)
    assert dict(info.metadata) == {"limit": "max_streams_per_caller", "value": "2"}
    (quota,) = detail(error, error_details_pb2.QuotaFailure).violations
    assert (quota.subject, quota.description) == ("caller:anybody", "max_streams_per_caller of anybody is 2")
    assert detail(error, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() == 1000
    assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "1000"
    for response, call in zip(first, running, strict=True):
        response.ClearField("info")
        assert response.SerializeToString() + await collected(call) == wanted
    await until(lambda: served.places == 0)
    assert "calls refused" in capfd.readouterr().out


def fails(*_: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize("how", ["ok", "invalid", "internal", "cancel", "cancel stalled", "hang up", "deadline"])
async def test_a_place_is_free_at_once_however_its_call_ends(
    serve: Serve, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await serve(max_streams=1)
    if how == "ok":
        await collected(served.rows(count=100))
    elif how == "invalid":
        with pytest.raises(aio.AioRpcError) as caught:
            await served.rows(count=-1).read()
        assert violations(caught.value)
    elif how == "internal":
        with monkeypatch.context() as broken:
            broken.setattr(Session, "run", fails)
            with pytest.raises(aio.AioRpcError) as caught:
                await served.rows(count=1).read()
        assert caught.value.code() is grpc.StatusCode.INTERNAL
    elif how == "hang up":
        async with aio.insecure_channel(served.address) as channel:
            call: Any = GenerationServiceStub(channel).GenerateRows(pb.GenerateRowsRequest(model="models/tiny-table"))
            await call.read()
            assert served.places == 1
    elif how == "deadline":
        with pytest.raises(aio.AioRpcError) as caught:
            async for _ in served.rows(timeout=0.3):
                pass
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    else:
        call = await served.begun()
        if how == "cancel":
            await call.read()
        await served.refused()
        call.cancel()
    await until(lambda: served.places == 0)
    await (await served.begun()).read()
    assert served.places == 1


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text("".join(f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n" for name in ("flooding", "calm")))
    return file


FLOODING: Metadata = (("authorization", "Bearer flooding"),)
CALM: Metadata = (("authorization", "Bearer calm"),)


async def test_a_flood_of_calls_is_refused_and_touches_nobody_else(serve: Serve, tokens: Path) -> None:
    served = await serve(token_file=tokens, max_streams=10, max_streams_per_caller=2)
    calm = served.rows(CALM, count=500_000)
    first = await calm.read()
    held = [await served.begun(FLOODING) for _ in range(2)]
    calls = [served.rows(FLOODING, count=1) for _ in range(400)]
    outcomes = await asyncio.gather(*(call.code() for call in calls))
    assert outcomes == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 400
    # Somebody else is let in and served right in the middle of it.
    assert (await served.begun(CALM)).cancel()
    first.ClearField("info")
    reference = await collected(served.rows(CALM, count=500_000))
    assert first.SerializeToString() + await collected(calm) == reference
    assert all([await call.read() for call in held])
    assert (await served.refused(FLOODING)).details().startswith("max_streams_per_caller of flooding is 2;")


async def test_a_caller_can_have_limits_of_its_own(serve: Serve, tokens: Path) -> None:
    served = await serve(
        token_file=tokens,
        max_streams=3,
        max_streams_per_caller=1,
        max_count=10,
        limits={"calm": {"max_streams": "unlimited", "max_count": 20}},
    )
    with pytest.raises(aio.AioRpcError) as caught:
        await served.rows(FLOODING, count=20).read()
    assert "from 0 to 10" in violations(caught.value)["count"]
    await collected(served.rows(CALM, count=20))
    with pytest.raises(aio.AioRpcError) as caught:
        await served.rows(CALM, count=21).read()
    assert "from 0 to 20" in violations(caught.value)["count"]


async def test_what_the_whole_server_takes_is_a_limit_of_its_own(serve: Serve) -> None:
    served = await serve(max_streams=1)
    await served.begun()
    error = await served.refused()
    (quota,) = detail(error, error_details_pb2.QuotaFailure).violations
    assert quota.subject == "server"


async def test_streams_over_their_rate_are_slowed_down_and_complete(serve: Serve) -> None:
    unpaced = await serve()
    wanted = await collected(unpaced.rows(count=600, rows_per_message=100))
    # A burst of 400, then 400 a second for both together.
    served = await serve(rows_per_second_per_caller=400)
    assert [await collected(call) for call in [served.rows(count=600) for _ in range(2)]] == [wanted] * 2
    sizes = [response.row_count async for response in served.rows(count=250, rows_per_message=1000)]
    # As much in a message as a quarter of a second allows.
    assert sizes == [100, 100, 50]


async def test_a_call_that_could_not_start_is_refused_until_it_can(serve: Serve) -> None:
    served = await serve(rows_per_second_per_caller=0.01)
    await collected(served.rows(count=1))
    error = await served.refused()
    assert detail(error, error_details_pb2.ErrorInfo).metadata["limit"] == "rows_per_second_per_caller"
    assert 90 < detail(error, error_details_pb2.RetryInfo).retry_delay.seconds <= 100
    images = served.stub.GenerateImages(pb.GenerateImagesRequest(model="models/tiny-grey", count=1))
    assert [len(response.images) async for response in images] == [1]


async def test_all_callers_together_have_a_rate_too(serve: Serve) -> None:
    served = await serve(images_per_second=0.01)
    images = served.stub.GenerateImages(pb.GenerateImagesRequest(model="models/tiny-grey", count=1))
    assert [len(response.images) async for response in images] == [1]
    with pytest.raises(grpc.RpcError) as caught:
        await served.stub.GenerateImages(pb.GenerateImagesRequest(model="models/tiny-grey", count=1)).read()
    assert detail(caught.value, error_details_pb2.ErrorInfo).metadata["limit"] == "images_per_second"
    (quota,) = detail(caught.value, error_details_pb2.QuotaFailure).violations
    assert quota.subject == "server"
    assert await collected(served.rows(count=10))


async def test_a_paced_stream_that_is_cancelled_leaves_its_turn(serve: Serve) -> None:
    served = await serve(images_per_second_per_caller=0.01)

    def images() -> Any:
        return served.stub.GenerateImages(pb.GenerateImagesRequest(model="models/tiny-grey", seed=1))

    waiting = images()
    await waiting.read()

    async def delay() -> float:
        """Seconds that a new call would have to wait, as it is told."""
        with pytest.raises(aio.AioRpcError) as caught:
            await images().read()
        retry: error_details_pb2.RetryInfo = detail(caught.value, error_details_pb2.RetryInfo)
        return float(retry.retry_delay.seconds)

    while await delay() <= 150:
        pass
    waiting.cancel()
    await until(lambda: served.places == 0)
    assert await delay() <= 100


async def test_what_comes_after_its_deadline_is_not_computed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = await serve()
    computed = itertools.count()
    real = Session.run

    def run(*arguments: Any) -> Any:
        next(computed)
        return real(*arguments)

    monkeypatch.setattr(Session, "run", run)
    over = threading.Event()
    admitted: list[object] = []
    monkeypatch.setattr(Admission, "admit", lambda *arguments: admitted.append(arguments))

    def call() -> grpc.StatusCode:
        with grpc.insecure_channel(served.address) as channel:
            stub: Any = GenerationServiceStub(channel)
            try:
                next(stub.GenerateRows(pb.GenerateRowsRequest(model="models/tiny-table", count=1), timeout=0.5))
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
            finally:
                over.set()
        return grpc.StatusCode.OK

    calling = asyncio.get_running_loop().run_in_executor(None, call)
    # The server's loop stands still until the deadline is over; only then it sees the call, which gRPC has ended.
    assert over.wait(60)
    time.sleep(1)  # noqa: ASYNC251 - and until the server's gRPC has been told of it
    assert await calling is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: served.server.load().calls == 0)
    assert next(computed) == 0
    assert admitted == []
