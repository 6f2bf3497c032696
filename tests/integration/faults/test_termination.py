"""SIGTERM under load: what can finish does, and what cannot is told where to go on."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from tests.fixtures import packages
from tests.fixtures.conditions import equal
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import detail

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub

STREAMS = 64
ROWS = 4_000
ROWS_A_MESSAGE = 500
"""So few that a slow machine, too, gives each of 64 streams its turns within the grace."""

ENDLESS_GRACE = "600"


def rows(**fields: Any) -> generation_pb2.GenerateRowsRequest:
    return generation_pb2.GenerateRowsRequest(
        **{"model": "models/tiny-table/versions/1", "format": generation_pb2.ROW_FORMAT_CSV, **fields}
    )


async def first_messages(stub: Any, requests: list[generation_pb2.GenerateRowsRequest]) -> list[tuple[Any, bytearray]]:
    """Begins streams: each with what has come of it."""

    async def begin(request: generation_pb2.GenerateRowsRequest) -> tuple[Any, bytearray]:
        call = stub.GenerateRows(request)
        return call, bytearray((await call.read()).data)

    return list(await asyncio.gather(*map(begin, requests)))


async def rest(call: Any, got: bytearray) -> None:
    """Reads a stream to its end."""
    while (response := await call.read()) is not aio.EOF:
        got += response.data


async def test_64_streams(small: Path, tmp_path: Path, server_address: str) -> None:
    with running_server(small, tmp_path / "log.txt", "--workers", "2", "--grace-seconds", "10") as server:
        async with aio.insecure_channel(server.address) as channel, aio.insecure_channel(server_address) as elsewhere:
            stub: Any = GenerationServiceStub(channel)
            other: Any = GenerationServiceStub(elsewhere)
            health: Any = health_pb2_grpc.HealthStub(channel)
            watch = health.Watch(health_pb2.HealthCheckRequest())
            await watch.read()
            size = {"rows_per_message": ROWS_A_MESSAGE}
            finite = [rows(seed=seed, count=ROWS, **size) for seed in range(STREAMS // 2)]
            endless = [rows(seed=seed, **size) for seed in range(STREAMS // 2, STREAMS)]
            streams = await first_messages(stub, finite + endless)
            server.process.send_signal(signal.SIGTERM)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            ends = await asyncio.gather(*(rest(*stream) for stream in streams), return_exceptions=True)
            # The watch is still open.
            assert await asyncio.to_thread(server.process.wait) == 0
            for request, (_, got), end in zip(finite, streams, ends, strict=False):
                assert end is None, end
                assert await whole(other, request) == bytes(got)
            told = 0
            for request, (_, got), end in zip(endless, streams[len(finite) :], ends[len(finite) :], strict=True):
                assert isinstance(end, aio.AioRpcError)
                assert end.code() is grpc.StatusCode.UNAVAILABLE
                # A reader whose connection is full when the server goes gets no more than that.
                ended: Any = end
                if rpc_status.from_call(ended):
                    told += 1
                    assert detail(end, error_details_pb2.ErrorInfo).reason == "SHUTTING_DOWN"
                    assert detail(end, error_details_pb2.RetryInfo).retry_delay.seconds == 1
                # What came is whole, and goes on elsewhere: the two parts make what one stream would have been.
                count = got.count(b"\n")
                assert count > 0
                more = await whole(other, rows(seed=request.seed, offset=count, count=1000))
                request.count = count + 1000
                assert await whole(other, request) == bytes(got) + more
            assert told > len(endless) // 2


async def whole(stub: Any, request: generation_pb2.GenerateRowsRequest) -> bytes:
    got = bytearray()
    await rest(stub.GenerateRows(request), got)
    return bytes(got)


async def test_calls_in_the_middle_of_a_slow_graph_are_answered(tmp_path: Path) -> None:
    packages.write_package(tmp_path / "models", "slow", packages.slow_graph(), packages.SLOW_MANIFEST)
    flags = ("--workers", "1", "--grace-seconds", ENDLESS_GRACE)
    with running_server(tmp_path / "models", tmp_path / "log.txt", *flags) as server:
        async with aio.insecure_channel(server.address) as channel:
            stub: Any = GenerationServiceStub(channel)
            calls = [
                stub.GenerateRows(generation_pb2.GenerateRowsRequest(model="models/slow", seed=seed, count=4))
                for seed in range(4)
            ]
            for call in calls:
                await call.initial_metadata()  # each is under way
            server.process.send_signal(signal.SIGTERM)
            answers = await asyncio.gather(*(call.read() for call in calls))
            assert [answer.row_count for answer in answers] == [4] * 4
            assert await asyncio.to_thread(server.process.wait) == 0


async def test_a_second_signal_ends_64_streams_at_once(small: Path, tmp_path: Path) -> None:
    flags = ("--workers", "2", "--grace-seconds", ENDLESS_GRACE)
    with running_server(small, tmp_path / "log.txt", *flags) as server:
        async with aio.insecure_channel(server.address) as channel:
            stub: Any = GenerationServiceStub(channel)
            health: Any = health_pb2_grpc.HealthStub(channel)
            watch = health.Watch(health_pb2.HealthCheckRequest())
            await watch.read()
            streams = await first_messages(stub, [rows(seed=seed) for seed in range(STREAMS - 2)])
            # And two runs of a graph that have no end.
            paced = generation_pb2.GenerateRowsRequest(
                model="models/paced", count=4, conditions=equal({"pace": "endless"})
            )
            stuck = [stub.GenerateRows(paced) for _ in range(2)]
            for call in stuck:
                await call.initial_metadata()
            server.process.send_signal(signal.SIGINT)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            server.process.send_signal(signal.SIGINT)
            reading = [*(rest(*stream) for stream in streams), *(call.read() for call in stuck)]
            ends = await asyncio.gather(*reading, return_exceptions=True)
            assert {end.code() for end in ends if isinstance(end, aio.AioRpcError)} == {grpc.StatusCode.UNAVAILABLE}
            assert all(isinstance(end, aio.AioRpcError) for end in ends)
            assert await asyncio.to_thread(server.process.wait) == 1
