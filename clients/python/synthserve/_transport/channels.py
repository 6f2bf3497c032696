"""Which channel a call takes: those of gRPC belong to one process, and those of asyncio to one event loop."""

from __future__ import annotations

import asyncio
import os
import weakref
from typing import TYPE_CHECKING, Any

import grpc

from synthserve._exceptions import Cancelled, SynthserveError

if TYPE_CHECKING:
    from synthserve._transport.connection import Connection

_live: weakref.WeakSet[Any] = weakref.WeakSet()
_inherited: list[Any] = []
_asyncio_in_parent = False


def keep_from_children(used: object) -> None:
    """Keeps a forked child from closing a channel or a call of this process.

    Its threads and its connection are those of the parent. Closing or cancelling it in the child, as its deletion would
    do, can hang.
    """
    _live.add(used)


def _leave_alone() -> None:
    global _asyncio_in_parent
    _asyncio_in_parent = _asyncio_in_parent or any(isinstance(used, grpc.aio.Channel) for used in _live)
    _inherited.extend(_live)
    _live.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_alone)


class ProcessChannel:
    """The channel of a sync client: a process that is forked has one of its own. Safe to use from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._closed = False
        # No lock: a thread that held it would leave it locked in a forked process.
        self._channels: dict[int, grpc.Channel] = {}
        self.get()

    def get(self) -> grpc.Channel:
        """Returns the channel of this process.

        Raises:
            Cancelled: The client is closed.
        """
        if self._closed:
            raise Cancelled("the client is closed")
        process = os.getpid()
        channel = self._channels.get(process)
        if channel is None:
            channel = self._channels.setdefault(process, self._connection.open(grpc))
            keep_from_children(channel)
        return channel

    def close(self) -> None:
        """Closes the channel of this process; what is running is cancelled."""
        self._closed = True
        channel = self._channels.get(os.getpid())
        if channel is not None:
            channel.close()


class LoopChannels:
    """The channels of an asyncio client: each event loop that uses it has one of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._closed = False
        self._channels: dict[asyncio.AbstractEventLoop, grpc.aio.Channel] = {}

    def get(self) -> grpc.aio.Channel:
        """Returns the channel of the running event loop.

        Raises:
            Cancelled: The client is closed.
            SynthserveError: gRPC cannot be used with asyncio in this process.
        """
        if self._closed:
            raise Cancelled("the client is closed")
        if _asyncio_in_parent:
            # gRPC would wait for a thread that only the parent has, and for longer than any deadline.
            raise SynthserveError(
                "this process was forked from one that uses an AsyncClient, which gRPC does not support: use a Client, "
                "or have multiprocessing start processes by 'spawn' or 'forkserver'"
            )
        loop = asyncio.get_running_loop()
        channel = self._channels.get(loop)
        if channel is None:
            for ended in [known for known in list(self._channels) if known.is_closed()]:
                self._channels.pop(ended, None)
            channel = self._channels[loop] = self._connection.open(grpc.aio)
            keep_from_children(channel)
        return channel

    async def close(self) -> None:
        """Closes all channels; those of other event loops that are running close there, soon."""
        self._closed = True
        channels, self._channels = self._channels, {}
        own = channels.pop(asyncio.get_running_loop(), None)
        for loop, channel in channels.items():
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(channel.close(), loop)
        if own is not None:
            await own.close()
