"""What stops an inference, and what holds up a stream of them. The server runs in this process."""

# ruff: noqa: ASYNC110 - `until` waits for what other threads change, which sets no event of this loop

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from tests.fixtures.oip import arrays, pixels, request, until
from tests.fixtures.statuses import detail, violations

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import Tensors
from synthserve_server.app import Server
from synthserve_server.services.oip import inference_pb2

WORKERS = 2

BATCH = 32
"""The largest of `pixels`, whose answers then have 307,200 bytes."""

Start = Callable[..., Any]


@pytest.fixture
async def served(start_inference: Start) -> tuple[Server, Any]:
    server, stub = await start_inference()
    return server, stub


class Runs:
    """Counts the runs of graphs; can have them wait until they are cancelled."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.hold = False
        self._run = Session.run

    def run(self, session: Session, feeds: Tensors, size: int, cancellation: Cancellation) -> Any:
        """Stands in for `Session.run`."""
        if not self.hold:
            self.begun += 1
            return self._run(session, feeds, size, cancellation)
        interrupted = threading.Event()
        with cancellation.interrupting(interrupted.set):
            self.begun += 1
            assert interrupted.wait(60)
        self.cancelled += 1
        cancellation.check()
        return None


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    counting = Runs()
    monkeypatch.setattr(Session, "run", lambda *arguments: counting.run(*arguments))
    return counting


async def test_cancelling_stops_the_computing(
    served: tuple[Server, Any], runs: Runs, capfd: pytest.CaptureFixture[str]
) -> None:
    server, stub = served
    runs.hold = True
    call = stub.ModelInfer(pixels())
    waiting = asyncio.ensure_future(call.wait_for_connection())
    await until(lambda: runs.begun == 1)
    call.cancel()
    await until(lambda: runs.cancelled == 1 and not server.load().busy)
    waiting.cancel()
    statistics = await stub.ModelStatistics(inference_pb2.ModelStatisticsRequest(name="pixels"))
    assert statistics.model_stats[0].inference_stats.fail.count == 1
    assert statistics.model_stats[0].inference_stats.success.count == 0
    assert "code=CANCELLED" in capfd.readouterr().out


async def test_the_deadline_stops_the_computing(served: tuple[Server, Any], runs: Runs) -> None:
    server, stub = served
    runs.hold = True
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ModelInfer(pixels(), timeout=0.3)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not server.load().busy)
    assert runs.cancelled == runs.begun


async def test_cancelling_a_stream_stops_what_is_under_way_and_drops_what_waits(
    served: tuple[Server, Any], runs: Runs
) -> None:
    server, stub = served
    runs.hold = True
    call = stub.ModelStreamInfer()
    for _ in range(50):
        await call.write(pixels())
    await until(lambda: runs.begun == WORKERS)
    call.cancel()
    await until(lambda: not server.load().busy)
    assert (runs.begun, runs.cancelled) == (WORKERS, WORKERS)


async def test_a_reader_that_stops_holds_up_its_own_stream_only(served: tuple[Server, Any], runs: Runs) -> None:
    _, stub = served
    stalled = stub.ModelStreamInfer()
    for number in range(100):
        await stalled.write(pixels(BATCH, id=str(number)))
    standing = WORKERS + 1
    await until(lambda: runs.begun == standing)

    async def others() -> AsyncIterator[Any]:
        for number in range(100):
            yield pixels(id=str(number))

    got = [answer.infer_response.id async for answer in stub.ModelStreamInfer(others())]
    assert got == [str(number) for number in range(100)]
    assert runs.begun == standing + 100
    await stalled.done_writing()
    assert [answer.infer_response.id async for answer in stalled] == [str(number) for number in range(100)]
    assert runs.begun == 200


async def test_the_server_is_not_ready_while_that_gets_around(served: tuple[Server, Any]) -> None:
    server, stub = served
    stopping = asyncio.ensure_future(server.stop(60, delay_seconds=60))
    while (await stub.ServerReady(inference_pb2.ServerReadyRequest())).ready:
        await asyncio.sleep(0.01)
    assert (await stub.ModelInfer(pixels())).outputs
    stopping.cancel()


async def test_draining_lets_streams_finish_and_refuses_new_calls(served: tuple[Server, Any]) -> None:
    server, stub = served
    call = stub.ModelStreamInfer()
    await call.write(pixels(id="1"))
    assert (await call.read()).infer_response.id == "1"
    stopping = asyncio.ensure_future(server.stop(60))
    await until(lambda: server.load().draining)
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ModelInfer(pixels())
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "SHUTTING_DOWN"
    await call.write(pixels(id="2"))
    assert (await call.read()).infer_response.id == "2"
    assert not stopping.done()
    await call.done_writing()
    assert await call.read() is aio.EOF
    await stopping


async def test_after_the_grace_streams_end_as_unavailable(served: tuple[Server, Any]) -> None:
    server, stub = served
    call = stub.ModelStreamInfer()
    await call.write(pixels())
    await call.read()
    await server.stop(0.1)
    assert await call.code() is grpc.StatusCode.UNAVAILABLE


async def test_values_that_a_graph_cannot_take_are_the_callers_fault(served: tuple[Server, Any]) -> None:
    _, stub = served
    answer = await stub.ModelInfer(request("picky", {"latent": np.array([[2], [0]], np.float32)}))
    assert arrays(answer)["value"].tolist() == [30.0, 10.0]
    asked = request("picky", {"latent": np.array([[0], [7]], np.float32)})
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ModelInfer(asked)
    assert "onnxruntime does not run the graph with these inputs" in violations(caught.value)["inputs"]

    async def one() -> AsyncIterator[Any]:
        yield asked

    (answer,) = [answer async for answer in stub.ModelStreamInfer(one())]
    assert "does not run the graph with these inputs" in answer.error_message


async def test_what_nobody_expected_is_logged_and_tells_nothing(
    served: tuple[Server, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _, stub = served

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(Session, "run", broken)
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ModelInfer(pixels())
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "INTERNAL"

    async def one() -> AsyncIterator[Any]:
        yield pixels(id="7")

    (answer,) = [answer async for answer in stub.ModelStreamInfer(one())]
    assert (answer.error_message, answer.infer_response.id) == ("the server failed; see its log", "7")
    assert "".join(capfd.readouterr()).count("ZeroDivisionError: a secret") == 2
