"""What breaks HTTP/2 (RFC 9113) breaks its own connection: others are served meanwhile, and nothing is left of it."""

import asyncio
import os
import random
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from tests.fixtures import http2
from tests.fixtures.http2 import Connection
from tests.fixtures.processes import running_server
from tests.fixtures.serving import Holdings, wait_until
from tests.fixtures.statuses import detail

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub

ROWS = "/synthserve.v1.GenerationService/GenerateRows"
HEADERS = http2.call_headers(ROWS)
REQUEST = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7).SerializeToString()

TIMES = int(os.environ.get("SYNTHSERVE_FAULT_TIMES", "1"))
"""How much more of each attack to send than the suite has time for."""

SEED = 7

ALLOWED_MIB = 96
"""How much all attacks together may add to the server's memory: what gRPC and the allocator keep for the next time."""


@dataclass(frozen=True)
class Target:
    """The server that is attacked, and a client that wants to be served all the same."""

    address: str
    process: psutil.Process
    server: "subprocess.Popen[str]"
    stub: GenerationServiceStub
    start: Holdings

    def serve(self) -> None:
        """Makes a call as a well-behaved client."""
        request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, count=2000)
        assert sum(response.row_count for response in self.stub.GenerateRows(request, timeout=120)) == 2000


@pytest.fixture(scope="module")
def target(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    log = tmp_path_factory.mktemp("frames") / "log.txt"
    with (
        running_server(small, log, "--workers", "2") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        process = psutil.Process(server.process.pid)
        target = Target(server.address, process, server.process, GenerationServiceStub(channel), Holdings.of(process))
        target.serve()
        yield Target(server.address, process, server.process, target.stub, Holdings.of(process))


def flood(address: str, data: bytes, times: int) -> None:
    """Sends the same bytes over and over, until the server has enough of them."""
    with Connection(address) as connection:
        for _ in range(times * TIMES):
            if not connection.send(data):
                break


def rapid_reset(address: str) -> None:
    """Begins calls and takes them back at once (CVE-2023-44487)."""
    with Connection(address) as connection:
        for number in range(10_000 * TIMES):
            stream = 2 * number + 1
            if not connection.send(http2.call(stream, HEADERS, REQUEST) + http2.reset(stream)):
                break


def continuation_flood(address: str) -> None:
    """Headers that never end (CVE-2024-27316)."""
    more = http2.header_block([("x-more", "y" * 1000)] * 10)
    with Connection(address) as connection:
        connection.send(http2.frame(http2.HEADERS, 0, 1, http2.header_block(HEADERS)))
        for _ in range(2_000 * TIMES):
            if not connection.send(http2.frame(http2.CONTINUATION, 0, 1, more)):
                break


def empty_continuation_flood(address: str) -> None:
    """The same, without even bytes in them."""
    with Connection(address) as connection:
        connection.send(http2.frame(http2.HEADERS, 0, 1, http2.header_block(HEADERS)))
        for _ in range(200 * TIMES):
            if not connection.send(http2.frame(http2.CONTINUATION, 0, 1) * 100):
                break


def random_frames(address: str) -> None:
    """Frames of all kinds and of none, with random flags, streams and contents."""
    chance = random.Random(SEED)  # noqa: S311 - guards nothing
    for _ in range(30 * TIMES):
        with Connection(address, greet=chance.random() < 0.9) as connection:
            for _ in range(chance.randrange(60)):
                stream = chance.choice([0, 1, 2, 3, 5, chance.randrange(1 << 32)])
                payload = chance.randbytes(chance.choice([0, 1, 4, 5, 8, 9, 100]))
                if not connection.send(http2.frame(chance.randrange(12), chance.randrange(256), stream, payload)):
                    break


def random_bytes(address: str) -> None:
    """What is not even frames, after a preface and without one."""
    chance = random.Random(SEED)  # noqa: S311 - guards nothing
    for number in range(40 * TIMES):
        with Connection(address, greet=number % 2 == 0) as connection:
            connection.send(chance.randbytes(chance.randrange(5000)))


def broken_calls(address: str) -> None:
    """Calls that are wrong in one thing each."""
    huge = http2.call_headers(ROWS, more=[("x-huge", "y" * 15_000)])
    upper = http2.call_headers(ROWS, more=[("X-Upper", "y")])
    wrong = [
        http2.call(1, http2.call_headers(ROWS, content_type="text/html"), REQUEST),
        http2.call(1, huge, REQUEST),
        http2.call(1, upper, REQUEST),
        http2.call(1, HEADERS[1:], REQUEST),  # no method
        http2.call(1, [(":method", "GET"), *HEADERS[1:]], REQUEST),
        http2.call(1, [], REQUEST),
        http2.call(2, HEADERS, REQUEST),  # a number that is the server's to give
        http2.call(3, HEADERS, REQUEST) + http2.call(1, HEADERS, REQUEST),  # backwards
        http2.call(1, HEADERS, REQUEST) + http2.call(1, HEADERS, REQUEST),  # twice
        http2.frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"),  # no HPACK
        http2.frame(http2.DATA, http2.END_STREAM, 1, b"early"),
        # A message that says that it is 4 GiB long, one that says that it is compressed, and half of one.
        *(
            http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.header_block(HEADERS))
            + http2.frame(http2.DATA, http2.END_STREAM, 1, start)
            for start in (b"\x00\xff\xff\xff\xff", b"\x01\x00\x00\x00\x01x", b"\x00\x00\x00\x00\x09half")
        ),
        http2.window_update(0, 0),
        http2.window_update(0, http2.LARGEST_WINDOW) * 2,
        http2.settings((http2.INITIAL_WINDOW_SIZE, 1 << 31)),
        http2.frame(http2.SETTINGS, http2.ACK, 0, b"not empty"),
        http2.frame(http2.PING, payload=b"short"),
        http2.frame(http2.PUSH_PROMISE, http2.END_HEADERS, 1, b"\0\0\0\2"),
        http2.frame(http2.RST_STREAM, 0, 99, b"\0\0\0\0"),
    ]
    for data in wrong:
        with Connection(address) as connection:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            assert connection.drained(), data[:40]


def half_a_preface(address: str) -> None:
    """Connections that begin and do not go on; they are held open together."""
    connections = [Connection(address, greet=False) for _ in range(50)]
    for number, connection in enumerate(connections):
        connection.send(http2.PREFACE[: number % len(http2.PREFACE)])
    for connection in connections:
        connection.socket.close()


def zero_window(address: str) -> None:
    """Calls whose answers may not be sent."""
    with Connection(address, greet=False) as connection:
        connection.send(http2.PREFACE + http2.settings((http2.INITIAL_WINDOW_SIZE, 0)))
        for number in range(50):
            connection.send(http2.call(2 * number + 1, HEADERS, REQUEST))
        for _ in range(100):
            connection.send(http2.settings((http2.INITIAL_WINDOW_SIZE, 1)))
            connection.send(http2.settings((http2.INITIAL_WINDOW_SIZE, 0)))


ATTACKS: dict[str, Callable[[str], None]] = {
    "rapid reset": rapid_reset,
    "continuation flood": continuation_flood,
    "empty continuation flood": empty_continuation_flood,
    "ping flood": lambda address: flood(address, http2.frame(http2.PING, payload=b"12345678") * 100, 300),
    "settings flood": lambda address: flood(address, http2.settings() * 100, 300),
    "large settings flood": lambda address: flood(address, http2.settings(*[(9, n) for n in range(500)]), 1000),
    "window flood": lambda address: flood(address, http2.window_update(0, 1) * 100, 300),
    "priority flood": lambda address: flood(address, http2.frame(http2.PRIORITY, 0, 1, b"\0\0\0\0\1") * 100, 300),
    "empty data flood": lambda address: flood(address, http2.frame(http2.DATA, 0, 1) * 100, 300),
    "random frames": random_frames,
    "random bytes": random_bytes,
    "broken calls": broken_calls,
    "half a preface": half_a_preface,
    "zero window": zero_window,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack(target: Target, attack: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ATTACKS[attack], target.address)
        target.serve()
        while not running.done():
            target.serve()
        running.result()
    target.serve()
    assert target.server.poll() is None
    # One connection of the well-behaved client is there all the time, and nothing else may be in the end.
    wait_until(lambda: target.process.num_fds() <= target.start.descriptors)
    assert target.process.memory_info().rss / (1 << 20) - target.start.memory <= ALLOWED_MIB


async def test_a_burst_of_calls_is_served_or_refused_with_details(target: Target) -> None:
    connections, calls = 3, 800
    request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, count=1)

    async def outcome(call: Any) -> str:
        try:
            return f"{(await call.read()).row_count} row"
        except aio.AioRpcError as error:
            return f"{error.code().name} {detail(error, error_details_pb2.ErrorInfo).reason}"

    async with AsyncExitStack() as stack:
        stubs: list[Any] = []
        for _ in range(connections):
            channel = aio.insecure_channel(target.address, [("grpc.use_local_subchannel_pool", 1)])
            stubs.append(GenerationServiceStub(await stack.enter_async_context(channel)))
        burst = [stub.GenerateRows(request) for stub in stubs for _ in range(calls)]
        outcomes = Counter(await asyncio.gather(*map(outcome, burst)))
    assert outcomes["1 row"] + outcomes["RESOURCE_EXHAUSTED LIMIT_EXCEEDED"] == connections * calls, outcomes
    assert outcomes["1 row"] >= calls
