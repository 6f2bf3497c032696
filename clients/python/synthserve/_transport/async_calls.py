"""Calls that try again: the one place where the asyncio client meets gRPC. `calls` is its twin."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import grpc

from synthserve._checks import seconds
from synthserve._exceptions import Cancelled, SynthserveError
from synthserve._transport.channels import keep_from_children
from synthserve._transport.headers import AsyncToken, authorization
from synthserve._transport.resume import Request, Response, Resume
from synthserve._transport.retry import Deadline, RetryPolicy
from synthserve._transport.status import error_from_rpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from synthserve._transport.connection import Connection
    from synthserve._transport.headers import Pairs

_log = logging.getLogger("synthserve")

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class AsyncCaller:
    """What every call of a client shares."""

    connection: Connection
    policy: RetryPolicy
    token: AsyncToken | None = None

    async def headers(self) -> Pairs:
        """Returns the metadata of the next attempt.

        Raises:
            InvalidRequest: The token cannot be sent.
        """
        if self.token is None:
            return self.connection.metadata
        token = self.token() if callable(self.token) else self.token
        return (*self.connection.metadata, authorization(token if isinstance(token, str) else await token))

    async def unary(self, method: Callable[..., Awaitable[Answer]], request: object, timeout: float | None) -> Answer:  # noqa: ASYNC109 - gRPC's deadline
        """Makes a call with one answer.

        Raises:
            SynthserveError: It failed, and trying again did not help.
        """
        deadline = Deadline(seconds("timeout", timeout))
        failures = 0
        while True:
            headers = await self.headers()
            try:
                return await method(request, timeout=deadline.left(), metadata=headers)
            except grpc.RpcError as raised:
                failures += 1
                error = self.typed(raised)
                wait = deadline.fit(self.policy.delay(failures, error, started=False), error)
            except grpc.aio.UsageError as raised:
                raise self.typed(raised) from raised
            except asyncio.CancelledError:
                if not _task_is_cancelled():
                    raise Cancelled("the client is closed") from None
                raise
            await asyncio.sleep(wait)

    def typed(self, raised: Exception) -> SynthserveError:
        """Returns the typed error for what gRPC raised."""
        if isinstance(raised, grpc.RpcError):
            return error_from_rpc(raised, self.connection)
        if "closed" in str(raised):
            return Cancelled("the client is closed")
        raise raised


class AsyncResumingCall(Generic[Request, Response]):
    """The responses of one logical stream, over as many calls as needed.

    It is used by one task; `aclose()` may be called from any.
    """

    def __init__(
        self,
        caller: AsyncCaller,
        method: Callable[..., Any],
        run: Resume[Request, Response],
        timeout: float | None,
    ) -> None:
        self._caller = caller
        self._method = method
        self.run = run
        self._deadline = Deadline(timeout)
        self._call: Any = None
        self._responses: AsyncGenerator[Response] | None = None
        self._ended = False
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[Response]:
        return self

    async def __anext__(self) -> Response:
        while not self._ended:
            starting = self._responses is None and not self._closed.is_set()
            headers = await self._caller.headers() if starting else ()
            if self._closed.is_set():
                raise Cancelled("the stream was closed")
            try:
                response = await anext(self._running(headers))
            except StopAsyncIteration:
                self._ended = True
                if self._closed.is_set() and not self.run.complete:
                    raise Cancelled("the stream was closed") from None
                self.run.finish()
            except asyncio.CancelledError:
                if not _task_is_cancelled():
                    raise Cancelled("the stream was closed") from None
                raise
            except (grpc.RpcError, grpc.aio.UsageError) as raised:
                self._call = self._responses = None
                await self._pause(raised)
            else:
                accepted = self.run.accept(response)
                if accepted is not None:
                    return accepted
        raise StopAsyncIteration

    def _running(self, headers: Pairs) -> AsyncGenerator[Response]:
        if self._responses is None:
            self._call = self._method(self.run.request(), timeout=self._deadline.left(), metadata=headers)
            keep_from_children(self._call)
            self._responses = self._call.__aiter__()
        return self._responses

    async def _pause(self, raised: Exception) -> None:
        if self._closed.is_set():
            raise Cancelled("the stream was closed") from raised
        error = self._caller.typed(raised)
        wait = self.run.broken(error)
        if wait is None:
            self._ended = True
            return
        wait = self._deadline.fit(wait, error)
        _log.info("broke at index %d (%s); going on in %.2f s", self.run.next_index, error, wait)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), wait)

    async def aclose(self) -> None:
        """Cancels the running call; a task that waits for it gets `Cancelled`."""
        self._closed.set()
        if self._call is not None:
            self._call.cancel()
        if self._responses is not None:
            # gRPC's generator and call hold each other, and the call its connection, also that of a closed channel: all
            # would stay until the garbage collector finds them. It raises when another task is waiting for it.
            with contextlib.suppress(RuntimeError):
                await self._responses.aclose()


def _task_is_cancelled() -> bool:
    # gRPC raises CancelledError also where only the call was cancelled, which must not look like the task was.
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
