"""What a close that comes at the worst moment does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from synthserve import Cancelled, RetryPolicy
from synthserve._transport.async_calls import AsyncCaller, AsyncResumingCall
from synthserve._transport.calls import Caller, ResumingCall
from synthserve._transport.connection import Connection
from synthserve._transport.resume import Resume, as_they_come
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTION = Connection("localhost", None, (), (), None)

Rows = Resume[pb.GenerateRowsRequest, pb.GenerateRowsResponse]


class Broken(grpc.RpcError):
    """What a cancelled call raises."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.CANCELLED

    def details(self) -> str:
        return "locally cancelled"

    def trailing_metadata(self) -> tuple[()]:
        return ()


class Call:
    """A call that the server ends at once, or that was cancelled."""

    def __init__(self, before_end: Callable[[], None] = lambda: None) -> None:
        self._before_end = before_end
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def __next__(self) -> pb.GenerateRowsResponse:
        if self.cancelled:
            raise Broken
        self._before_end()
        raise StopIteration

    def __aiter__(self) -> Call:
        return self

    async def __anext__(self) -> pb.GenerateRowsResponse:
        self._before_end()
        raise StopAsyncIteration


def run() -> Rows:
    return Resume(pb.GenerateRowsRequest(model="models/m", count=3), lambda r: r.row_count, as_they_come, RetryPolicy())


def test_a_close_while_the_call_starts_is_not_lost() -> None:
    call = Call()

    def method(*_: Any, **__: Any) -> Call:
        stream.close()  # as another thread would, before the reader has the call in its hands
        return call

    stream = ResumingCall(Caller(CONNECTION, RetryPolicy()), lambda: method, run(), None)
    with pytest.raises(Cancelled, match="the stream was closed"):
        next(stream)
    assert call.cancelled


async def test_a_close_as_the_server_ends_the_call_is_no_fault_of_the_server() -> None:
    stream = ResumingCall(
        Caller(CONNECTION, RetryPolicy()), lambda: lambda *_, **__: Call(lambda: stream._closed.set()), run(), None
    )
    with pytest.raises(Cancelled, match="the stream was closed"):
        next(stream)
    twin = AsyncResumingCall(
        AsyncCaller(CONNECTION, RetryPolicy()), lambda *_, **__: Call(lambda: twin._closed.set()), run(), None
    )
    with pytest.raises(Cancelled, match="the stream was closed"):
        await anext(twin)
