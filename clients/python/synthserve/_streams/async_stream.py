"""What the asyncio streams of rows and of images share. `stream` is its twin."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, Self

from synthserve._checks import seconds
from synthserve._exceptions import SynthserveError
from synthserve._samples.kinds import Info
from synthserve._streams.singletons import NotCopied
from synthserve._transport.async_calls import AsyncCaller, AsyncResumingCall
from synthserve._transport.resume import Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from synthserve._samples.job import Job
    from synthserve._sinks.sink import Result, Sink


class AsyncStream(NotCopied, Generic[Request, Response, Info]):
    """Samples that are generated when they are asked for.

    Nothing is sent before the first use. Each use (a loop, a terminal method) generates the samples anew, and as a
    sample depends only on model version, seed, index and conditions, each gives the same ones.
    """

    def __init__(
        self,
        caller: Callable[[], tuple[AsyncCaller, Callable[..., Any]]],
        job: Job[Request, Response, Info],
        timeout: float | None,
    ) -> None:
        self._caller = caller
        self._job = job
        self._timeout = seconds("timeout", timeout)
        self._active: set[AsyncResumingCall[Request, Response]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def seed(self) -> int:
        """The seed in use, from 0 to 2^63 - 1; known after `start()` or the first message.

        Raises:
            SynthserveError: It is not known yet.
        """
        return self._known().seed

    @property
    def model(self) -> str:
        """The model version that generates, for example `iris-vae@1`; known after `start()` or the first message.

        Raises:
            SynthserveError: It is not known yet.
        """
        return str(self._known().model)

    async def start(self) -> Self:
        """Lets the server settle model version and seed, if it has not yet; generates nothing.

        Raises:
            SynthserveError: The server cannot be asked, or refuses the request.
        """
        if self._job.info is None:
            info: Info | None = None
            async with self._calling(count=0) as call:
                async for response in call:
                    info = self._job.settle(None, response, info)
        return self

    async def aclose(self) -> None:
        """Cancels what is running; the task that is waiting for it gets `Cancelled`."""
        for call in list(self._active):
            await call.aclose()

    def _known(self) -> Info:
        if self._job.info is None:
            raise SynthserveError("not known yet: `await stream.start()` asks the server")
        return self._job.info

    async def _responses(self, **fields: object) -> AsyncGenerator[tuple[Info, Response]]:
        info: Info | None = None
        async with self._calling(**fields) as call:
            async for response in call:
                info = self._job.settle(call.run, response, info)
                yield info, response

    async def _drain(self, sink: Sink[Info, Response, Result]) -> Result:
        try:
            async with aclosing(self._responses(**sink.fields)) as responses:
                async for info, response in responses:
                    await _in_thread(sink.write, info, response)
            return await _in_thread(sink.finish)
        except BaseException:
            sink.abort()
            raise

    @asynccontextmanager
    async def _calling(self, **fields: object) -> AsyncIterator[AsyncResumingCall[Request, Response]]:
        caller, method = self._caller()
        call = AsyncResumingCall(caller, method, self._job.run(**fields), self._timeout)
        self._active.add(call)
        try:
            async with call:
                yield call
        finally:
            self._active.discard(call)


async def _in_thread(work: Callable[..., Result], *args: object) -> Result:
    # A thread cannot be interrupted. When the task is cancelled, this waits for the thread to finish, so that it does
    # not write while the file is removed.
    running = asyncio.ensure_future(asyncio.to_thread(work, *args))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
