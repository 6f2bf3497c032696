"""Answers a stream of requests in order, with several in progress at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


async def in_order(
    requests: AsyncIterable[Request], answer: Callable[[Request], Awaitable[Answer]], ahead: int
) -> AsyncGenerator[Answer, None]:
    """Answers requests in order.

    Args:
        requests: The requests; read only as far as `ahead` allows.
        answer: Answers one request; started in order.
        ahead: The most requests that are in progress or wait for the reader.

    Yields:
        The answers.

    Raises:
        Exception: Reading or answering a request failed; raised after the answers to earlier requests.
    """
    room = asyncio.Semaphore(ahead)
    begun: asyncio.Queue[asyncio.Future[Answer] | None] = asyncio.Queue()

    async def read() -> None:
        try:
            await room.acquire()
            async for request in requests:
                begun.put_nowait(asyncio.ensure_future(answer(request)))
                await room.acquire()
        finally:
            begun.put_nowait(None)

    reading = asyncio.ensure_future(read())
    try:
        while (answering := await begun.get()) is not None:
            yield await answering
            room.release()
        await reading
    finally:
        reading.cancel()
        left = [future for future in _taken(begun) if future is not None]
        for future in left:
            future.cancel()
        # Gathered, because asyncio logs exceptions that are never retrieved.
        await asyncio.gather(reading, *left, return_exceptions=True)


def _taken(queue: "asyncio.Queue[Answer]") -> list[Answer]:
    return [queue.get_nowait() for _ in range(queue.qsize())]
