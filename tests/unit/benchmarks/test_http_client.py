import asyncio
from typing import Any
from unittest.mock import create_autospec

import pytest
from tests.benchmarks.http_client import HttpConnection

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello\r\nlook"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n" + b"1f4\r\n" + b"x" * 500 + b"\r\n" + b"2\r\n\r\n\r\n" + b"0\r\n\r\n"
)


def feed(connection: HttpConnection, data: bytes, piece: int) -> None:
    for start in range(0, len(data), piece):
        part = data[start : start + piece]
        connection.get_buffer(-1)[: len(part)] = part
        connection.buffer_updated(len(part))


async def ask(connection: HttpConnection, answer: bytes, piece: int) -> None:
    asking = asyncio.create_task(connection.ask(b"GET"))
    await asyncio.sleep(0)
    feed(connection, answer, piece)
    await asking


def connected(parts: list[bytes]) -> HttpConnection:
    connection = HttpConnection(parts.append)
    transport: Any = create_autospec(asyncio.Transport, instance=True)
    connection.connection_made(transport)
    return connection


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 10_000])
@pytest.mark.parametrize(
    ("answer", "body"),
    [(WHOLE, b"hello\r\nlook"), (CHUNKED, b"hello" + b"x" * 500 + b"\r\n")],
    ids=["whole", "chunked"],
)
async def test_bodies_are_counted_however_they_are_cut(answer: bytes, body: bytes, piece: int) -> None:
    parts: list[bytes] = []
    connection = connected(parts)
    for _ in range(3):
        parts.clear()
        await ask(connection, answer, piece)
        assert b"".join(parts) == body
        assert connection.received == len(body)
        assert connection.first is not None


async def test_an_answer_without_body_ends() -> None:
    connection = connected([])
    await ask(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 5)
    assert connection.received == 0


async def test_another_status_is_an_error() -> None:
    with pytest.raises(ConnectionError, match="404 not found: nothing"):
        await ask(connected([]), b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing", 1000)


async def test_a_lost_connection_is_an_error() -> None:
    connection = connected([])
    asking = asyncio.create_task(connection.ask(b"GET"))
    await asyncio.sleep(0)
    connection.connection_lost(None)
    with pytest.raises(ConnectionError, match="closed"):
        await asking
