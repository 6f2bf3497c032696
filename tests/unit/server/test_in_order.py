import asyncio
import gc
from collections.abc import AsyncIterator, Iterable

import pytest

from synthserve_server.scheduling.in_order import in_order

AHEAD = 3


async def given(values: Iterable[int]) -> AsyncIterator[int]:
    for value in values:
        yield value


class Answers:
    """Answers that wait until they are let go."""

    def __init__(self, count: int) -> None:
        self.begun: list[int] = []
        self.cancelled: list[int] = []
        self.free = [asyncio.Event() for _ in range(count)]

    async def __call__(self, request: int) -> int:
        self.begun.append(request)
        try:
            await self.free[request].wait()
        except asyncio.CancelledError:
            self.cancelled.append(request)
            raise
        return request * 10


async def settle() -> None:
    """Lets every task go as far as it can without an event from outside."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_answers_come_in_the_order_of_the_requests() -> None:
    answers = Answers(5)
    reading = asyncio.ensure_future(collected(answers, 5))
    await settle()
    for free in reversed(answers.free):
        free.set()
        await settle()
    assert await reading == [0, 10, 20, 30, 40]
    assert answers.begun == [0, 1, 2, 3, 4]


async def collected(answers: Answers, count: int) -> list[int]:
    return [value async for value in in_order(given(range(count)), answers, AHEAD)]


async def test_reads_no_further_than_there_is_room_for_answers() -> None:
    answers = Answers(100)
    for free in answers.free:
        free.set()
    stream = in_order(given(range(100)), answers, AHEAD)
    for read in range(1, 10):
        await anext(stream)
        await settle()
        assert len(answers.begun) == AHEAD + read - 1
    await stream.aclose()


async def test_closing_cancels_what_is_under_way_and_stops_reading() -> None:
    answers = Answers(100)
    answers.free[0].set()
    stream = in_order(given(range(100)), answers, AHEAD)
    assert await anext(stream) == 0
    await settle()
    await stream.aclose()
    assert answers.cancelled == [1, 2]
    assert answers.begun == [0, 1, 2]


async def test_cancelling_who_waits_cancels_what_is_waited_for() -> None:
    answers = Answers(100)
    reading = asyncio.ensure_future(collected(answers, 100))
    await settle()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert answers.cancelled == answers.begun == [0, 1, 2]


async def test_what_reading_comes_to_is_raised_after_the_answers_before_it() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 0
        yield 1
        raise ValueError("broken")

    answers = Answers(2)
    stream = in_order(broken(), answers, AHEAD)
    for value in (0, 1):
        answers.free[value].set()
        assert await anext(stream) == value * 10
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)


async def test_a_failure_that_nobody_waited_for_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(request: int) -> int:
        raise ValueError("broken")

    stream = in_order(given(range(10)), fail, AHEAD)
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)
    del stream
    gc.collect()
    await settle()
    assert caplog.records == []


async def test_no_requests_no_answers() -> None:
    assert await collected(Answers(0), 0) == []
