"""Answers to requests that come one after the other: several are worked on at a time, and each is given in its turn."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


async def in_order(
    requests: AsyncIterable[Request], answer: Callable[[Request], Awaitable[Answer]], ahead: int
) -> AsyncGenerator[Answer, None]:
    """Answers requests, in their order.

    Args:
        requests: Read only as far as there is room for their answers.
        answer: Answers one; begun in order.
        ahead: How many are under way or wait for the reader at most.

    Yields:
        The answers.

    Raises:
        Exception: What reading the requests or answering one came to, after the answers before it.
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
        # Waited for, as a failure that nobody has looked at would be logged.
        await asyncio.gather(reading, *left, return_exceptions=True)


def _taken(queue: "asyncio.Queue[Answer]") -> list[Answer]:
    return [queue.get_nowait() for _ in range(queue.qsize())]
