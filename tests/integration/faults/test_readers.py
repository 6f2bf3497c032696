"""Readers that stop, flood and vanish: they hold their own streams and nothing else, and in the end not even those.

The server runs in this process, where it can be asked what it is at. The readers are bare sockets.
"""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc import aio
from tests.fixtures import http2
from tests.fixtures.http2 import Connection
from tests.fixtures.processes import running_server
from tests.fixtures.serving import MIB, WORKERS, Holdings, Serving, serving, until, wait_until

import synthserve
from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve_server import app, connections
from synthserve_server.services.generation.sizes import TYPICAL_MESSAGE
from synthserve_server.settings import settings as config

ROWS = "/synthserve.v1.GenerationService/GenerateRows"
ENDLESS = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7).SerializeToString()
READERS = 16
ENOUGH = 300_000
"""Rows that another client reads meanwhile."""


@pytest.fixture
async def served(small: Path) -> AsyncIterator[Serving]:
    async with serving(small) as served:
        yield served


def reader(address: str, streams: int = 1) -> Connection:
    """A connection that has asked for endless streams, and reads nothing."""
    connection = Connection(address)
    for number in range(streams):
        connection.send(http2.call(2 * number + 1, http2.call_headers(ROWS), ENDLESS))
    return connection


async def rows_of_another(address: str) -> int:
    """Reads a stream as a well-behaved client."""
    async with synthserve.AsyncClient(address) as client:
        rows: int = (await client.rows("tiny-table", count=ENOUGH, seed=7).to_arrow()).num_rows
        return rows


def half_close(connection: Connection) -> None:
    connection.socket.shutdown(socket.SHUT_WR)


def close(connection: Connection) -> None:
    connection.socket.close()


@pytest.mark.parametrize("leave", [Connection.vanish, close, half_close])
async def test_readers_that_vanish_free_their_work(served: Serving, leave: Callable[[Connection], None]) -> None:
    process = psutil.Process()
    await rows_of_another(served.address)
    before = process.num_fds()
    readers = await asyncio.to_thread(lambda: [reader(served.address, streams=2) for _ in range(READERS)])
    await until(lambda: served.server.load().calls == 2 * READERS)
    assert await rows_of_another(served.address) == ENOUGH
    for connection in readers:
        leave(connection)
    await until(lambda: served.at_rest)
    for connection in readers:
        connection.socket.close()
    await until(lambda: process.num_fds() <= before)
    assert await rows_of_another(served.address) == ENOUGH


CLIENT = """
import sys, synthserve
client = synthserve.Client(sys.argv[1])
rows = iter(client.rows("tiny-table", seed=7))
print(next(rows)["length"], flush=True)
sys.stdin.read()
"""


async def test_a_client_process_that_is_killed_frees_its_work(served: Serving) -> None:
    process = psutil.Process()
    await rows_of_another(served.address)
    before = process.num_fds()
    for how in (signal.SIGKILL, signal.SIGTERM):
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, served.address, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert client.stdout
        assert await client.stdout.readline()
        assert served.server.load().calls == 1
        client.send_signal(how)
        await client.wait()
        await until(lambda: served.at_rest)
    await until(lambda: process.num_fds() <= before)


async def test_a_reader_without_a_sign_of_life_is_given_up(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As when its machine lost power: nothing closes the connection. The server asks, and is not answered.
    def often(settings: config.Settings, largest_request: int) -> list[tuple[str, int]]:
        quick = {
            "grpc.keepalive_time_ms": 200,
            "grpc.keepalive_timeout_ms": 2000,  # a busy machine answers late, too
            # Of pings that measure the connection; while one is not answered, no other is sent. A minute by default.
            "grpc.http2.ping_timeout_ms": 3000,
        }
        seldom = dict(connections.channel_options(settings, largest_request))
        assert seldom["grpc.keepalive_time_ms"] <= 60_000
        assert seldom["grpc.keepalive_timeout_ms"] <= 20_000
        return list({**seldom, **quick}.items())

    monkeypatch.setattr(app, "channel_options", often)
    async with serving(small) as served:
        async with aio.insecure_channel(served.address) as channel:
            # One that answers the pings may stand still as long as it likes.
            stub: Any = GenerationServiceStub(channel)
            standing = stub.GenerateRows(generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=8))
            await standing.read()
            with await asyncio.to_thread(reader, served.address) as silent:
                assert await asyncio.to_thread(silent.drained)
            await until(lambda: served.server.load().calls == 1)
            assert (await standing.read()).first_index > 0
            standing.cancel()
        await until(lambda: served.at_rest)


async def test_a_flood_of_streams_that_nobody_reads_holds_up_nobody(served: Serving) -> None:
    streams = 200
    async with asyncio.TaskGroup() as group:
        with await asyncio.to_thread(reader, served.address, streams):
            await until(lambda: served.server.load().calls == streams)
            first, second = (group.create_task(rows_of_another(served.address)) for _ in range(2))
            await asyncio.wait([first, second])
    assert (first.result(), second.result()) == (ENOUGH, ENOUGH)
    await until(lambda: served.at_rest)


async def test_a_window_of_nothing_and_then_of_everything(served: Serving) -> None:
    def read() -> tuple[int, int]:
        with Connection(served.address, greet=False) as connection:
            connection.send(http2.PREFACE + http2.settings((http2.INITIAL_WINDOW_SIZE, 0)))
            request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, count=100_000)
            connection.send(http2.call(1, http2.call_headers(ROWS), request.SerializeToString()))
            connection.read_until(http2.HEADERS)
            # Nothing may come now but pings: the answer to one tells that nothing was on its way.
            connection.send(http2.frame(http2.PING, payload=b"anything"))
            before = 0
            while (found := connection.read_frame()) and found[3] != b"anything":
                before += found[0] == http2.DATA
            connection.send(http2.window_update(0, http2.LARGEST_WINDOW - 65_535))
            connection.send(http2.window_update(1, http2.LARGEST_WINDOW))
            size = 0
            while (found := connection.read_frame()) and found[0] != http2.HEADERS:
                size += len(found[3]) if found[0] == http2.DATA else 0
            return before, size

    before, size = await asyncio.to_thread(read)
    assert before == 0
    async with aio.insecure_channel(served.address) as channel:
        call = GenerationServiceStub(channel).GenerateRows(
            generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, count=100_000)
        )
        # Each message comes with five bytes before it.
        assert size == sum([response.ByteSize() + 5 async for response in call])
    await until(lambda: served.at_rest)


MEMORY_READERS = 48
ALLOWED_A_STREAM = (2 + WORKERS) * 2 * TYPICAL_MESSAGE / MIB
"""What a stream holds that nobody reads: the messages under way or waiting, each perhaps twice, in gRPC's buffers."""
SLACK = 32


def test_memory_while_readers_stand_still_is_bounded_and_does_not_add_up(small: Path, tmp_path: Path) -> None:
    with (
        running_server(small, tmp_path / "log.txt", "--workers", str(WORKERS), "--log-format", "json") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        process = psutil.Process(server.process.pid)
        stub = GenerationServiceStub(channel)

        def pass_through() -> None:
            request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", count=ENOUGH, seed=7)
            assert sum(response.row_count for response in stub.GenerateRows(request)) == ENOUGH

        pass_through()
        start = Holdings.of(process)
        peaks = []
        for turn in range(1, 4):
            readers = [reader(server.address) for _ in range(MEMORY_READERS)]
            pass_through()
            peaks.append(process.memory_info().rss / MIB)
            for connection in readers:
                connection.vanish()
            wait_until(
                lambda turn=turn: server.log.read_text().count('"CANCELLED"') == turn * MEMORY_READERS  # type: ignore[misc]  # bound early
            )
            wait_until(lambda: process.num_fds() <= start.descriptors)
        assert peaks[0] - start.memory <= MEMORY_READERS * ALLOWED_A_STREAM + SLACK
        assert max(peaks[1:]) - peaks[0] <= SLACK
        wait_until(lambda: process.num_threads() <= start.threads + 2)  # gRPC's own come and go
        # A reader that leaves while it is sent something is no error of the server's.
        assert '"level": "error"' not in server.log.read_text()
