"""Counts calls, refuses new ones while the server drains, and ends those that take too long."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import grpc
from grpc import aio

from synthserve_server.callbacks import on_done
from synthserve_server.errors import ShuttingDownError

Context = aio.ServicerContext[Any, Any]


class Lifecycle:
    """The running calls to this package's services.

    Health checks and reflection are not counted: a health watch never ends, and must not delay the shutdown.
    """

    def __init__(self) -> None:
        """Starts with no calls, and accepts them."""
        self._calls: dict[asyncio.Task[Any], Context] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._ending = False

    @property
    def active(self) -> int:
        """How many calls are running."""
        return len(self._calls)

    @property
    def draining(self) -> bool:
        """Whether calls are refused."""
        return self._draining

    def drain(self) -> None:
        """Refuses new calls from now on."""
        self._draining = True

    async def idle(self, seconds: float) -> bool:
        """Waits at most `seconds` until no call is running; returns whether that is so."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return self._idle.is_set()

    def end(self) -> None:
        """Ends the running calls with UNAVAILABLE, so that clients continue on another server."""
        self._ending = True
        for task, context in self._calls.items():
            # A call that is sending a message ends without a status from here; this code is for its log line.
            context.set_code(grpc.StatusCode.UNAVAILABLE)
            task.cancel()

    @contextmanager
    def counted(self, context: Context) -> Iterator[None]:
        """Counts a call until it ends, which can be before or after the end of the `with` block.

        Raises:
            ShuttingDownError: The server accepts no more calls, or has ended this one.
        """
        if self._draining:
            raise ShuttingDownError
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler always runs in a task.
        self._calls[task] = context
        self._idle.clear()

        def finished(ctx: Context) -> None:
            self._calls.pop(task, None)
            if not self._calls:
                self._idle.set()

        on_done(context, finished)
        try:
            yield
        except asyncio.CancelledError:
            if self._ending:
                raise ShuttingDownError from None
            raise
