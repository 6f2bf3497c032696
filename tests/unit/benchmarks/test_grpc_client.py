"""The counting client against real gRPC servers, and whatever pieces its bytes come in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from grpc import aio
from tests.benchmarks.grpc_client import GrpcConnection, call_headers, connect

SIZES = (1, 100, 70_000, 3_000_000)


async def messages(_request: bytes, _context: Any) -> AsyncIterator[bytes]:
    for size in SIZES:
        yield bytes(size)


async def failing(_request: bytes, context: Any) -> AsyncIterator[bytes]:
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    yield b""


async def endless(_request: bytes, _context: Any) -> AsyncIterator[bytes]:
    while True:
        yield bytes(50_000)


async def echo(request: bytes, _context: Any) -> bytes:
    return request * 2


@pytest.fixture
async def address() -> AsyncIterator[str]:
    server = aio.server()
    streams: dict[str, Callable[..., Any]] = {"Messages": messages, "Failing": failing, "Endless": endless}
    handlers: dict[str, Any] = {name: grpc.unary_stream_rpc_method_handler(each) for name, each in streams.items()}
    handlers["Echo"] = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Service", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture
async def connection(address: str) -> AsyncIterator[GrpcConnection]:
    connection = await connect(address)
    yield connection
    connection.close()


async def test_counts_the_messages_of_streams_and_unary_calls(address: str, connection: GrpcConnection) -> None:
    for _ in range(3):
        await connection.ask(call_headers(address, "/test.Service/Messages"), b"")
        assert connection.received == sum(size + 5 for size in SIZES)
        await connection.ask(call_headers(address, "/test.Service/Echo"), b"abc")
        assert connection.received == 5 + 6
        assert connection.first is not None


async def test_counts_however_the_bytes_are_cut(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = GrpcConnection.buffer_updated

    def in_pieces(self: GrpcConnection, nbytes: int) -> None:
        data = bytes(self.get_buffer(-1)[:nbytes])
        for start in range(0, nbytes, 7):
            part = data[start : start + 7]
            self.get_buffer(-1)[: len(part)] = part
            whole(self, len(part))

    monkeypatch.setattr(GrpcConnection, "buffer_updated", in_pieces)
    connection = await connect(address)
    await connection.ask(call_headers(address, "/test.Service/Echo"), bytes(10_000))
    assert connection.received == 5 + 20_000
    connection.close()


async def test_a_call_that_fails_is_an_error(address: str, connection: GrpcConnection) -> None:
    with pytest.raises(ConnectionError, match="the call failed"):
        await connection.ask(call_headers(address, "/test.Service/Failing"), b"")


async def test_a_stream_is_left_after_its_first_bytes(address: str, connection: GrpcConnection) -> None:
    for _ in range(3):
        assert await connection.first_bytes(call_headers(address, "/test.Service/Endless"), b"") > 0


async def test_a_lost_connection_is_an_error(address: str, connection: GrpcConnection) -> None:
    asking = asyncio.create_task(connection.ask(call_headers(address, "/test.Service/Endless"), b""))
    await asyncio.sleep(0)
    connection.close()
    with pytest.raises(ConnectionError, match="closed"):
        await asking
