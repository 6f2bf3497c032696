"""Counts the calls, refuses new ones while the server drains, and ends those that take too long."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import grpc
from grpc import aio

from synthserve_server.errors import ShuttingDownError

Context = aio.ServicerContext[Any, Any]


class Lifecycle:
    """The calls to this package's services that are under way.

    Health checks and reflection are not counted: a health watch has no end, and must not hold up the shutdown.
    """

    def __init__(self) -> None:
        """Accepts calls."""
        self._calls: dict[asyncio.Task[Any], Context] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._ending = False

    @property
    def active(self) -> int:
        """How many calls are under way."""
        return len(self._calls)

    @property
    def draining(self) -> bool:
        """Whether calls are refused."""
        return self._draining

    def drain(self) -> None:
        """Refuses calls from now on."""
        self._draining = True

    async def idle(self, seconds: float) -> bool:
        """Waits until no call is under way, at most so long; whether that came true."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return self._idle.is_set()

    def end(self) -> None:
        """Ends the calls under way with UNAVAILABLE, so that clients go on elsewhere."""
        self._ending = True
        for task, context in self._calls.items():
            # A call whose message is being sent ends without another word here; this is what the log says of it.
            context.set_code(grpc.StatusCode.UNAVAILABLE)
            task.cancel()

    @contextmanager
    def counted(self, context: Context) -> Iterator[None]:
        """Counts a call from here to its end, which can be later or earlier than that of the `with` block.

        Raises:
            ShuttingDownError: The server takes no more calls, or has ended this one.
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

        context.add_done_callback(finished)  # type: ignore[arg-type]  # The stubs ask for a subclass.
        try:
            yield
        except asyncio.CancelledError:
            if self._ending:
                raise ShuttingDownError from None
            raise
