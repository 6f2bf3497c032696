"""Calls that meet a server which is just closing: it tells the connection so, and that it has not looked at them."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.fixtures import http2

import synthserve

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5
"""With gRPC's own retries some four calls of five hung; a deadline did not end them either."""

ONCE = synthserve.RetryPolicy(start_attempts=1, resume_attempts=1)


@contextmanager
def closing_server() -> Iterator[str]:
    """An address where one connection is taken, which is closed when a call comes, with nothing there afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_close_on_a_call, args=(listener,))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def _close_on_a_call(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as sent:
        connection.sendall(http2.settings())
        assert sent.read(len(http2.PREFACE)) == http2.PREFACE
        kind = None
        while kind != http2.HEADERS:
            head = sent.read(9)
            kind = head[3]
            sent.read(int.from_bytes(head[:3], "big"))
        listener.close()
        last_stream, internal_error = 0, 2
        connection.sendall(http2.frame(http2.GOAWAY, payload=struct.pack(">II", last_stream, internal_error)))


def ended(call: threading.Thread) -> bool:
    call.start()
    call.join(30)
    return not call.is_alive()


@pytest.mark.parametrize("way", ["a stream", "a stream with asyncio", "a unary call"])
def test_a_call_ends(way: str) -> None:
    said: list[str] = []

    def call(target: str) -> None:
        with synthserve.Client(target, retry=ONCE) as client, pytest.raises(synthserve.Unavailable) as raised:
            client.models() if way == "a unary call" else list(client.rows("m", count=1))
        said.append(str(raised.value))

    async def call_in_a_loop(target: str) -> None:
        async with synthserve.AsyncClient(target, retry=ONCE) as client:
            with pytest.raises(synthserve.Unavailable) as raised:
                _ = [row async for row in client.rows("m", count=1)]
        said.append(str(raised.value))

    for number in range(ROUNDS):
        with closing_server() as target:
            if way == "a stream with asyncio":
                thread = threading.Thread(target=lambda where=target: asyncio.run(call_in_a_loop(where)), daemon=True)
            else:
                thread = threading.Thread(target=call, args=(target,), daemon=True)
            assert ended(thread), f"call {number} hangs"
    assert len(said) == ROUNDS, said
