"""Makes the calls of one step, in one process and one event loop.

Open loop: each call is begun when it is due, however many are still under way, and its times count from when it was
*due*. So a server that stalls, or a driver that is late, is charged with the waiting of everybody who came meanwhile
(a closed loop would make fewer calls instead, and leave that out).
"""

import asyncio
import gc
import selectors
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from grpc import aio
from tests.load.open_loop.calls import Method
from tests.load.open_loop.target import Target

OK = "OK"

CONNECT_SECONDS = 20.0


class Call(NamedTuple):
    """One call. Times are seconds since the start of the step."""

    due: float
    begun: float
    first: float | None
    """When the first message had come."""
    ended: float
    code: str
    """The name of its status."""
    received: int
    """Bytes of its messages."""


@dataclass(frozen=True)
class Plan:
    """What a driver does in one step."""

    target: Target
    method: Method
    requests: list[bytes]
    """One for each time in `due`, serialised."""
    due: list[float]
    """Seconds since `start_at`, ascending."""
    seconds: float
    start_at: float
    """By `time.monotonic`, which all processes of a machine share."""
    timeout: float
    connections: int
    max_in_flight: int


@dataclass
class Record:
    """What came of it."""

    calls: list[Call] = field(default_factory=list)
    not_begun: list[float] = field(default_factory=list)
    """When calls were due that were not begun, as as many were under way as may be."""
    most_in_flight: int = 0
    details: dict[str, str] = field(default_factory=dict)
    """By status, what the first call said that had it."""
    loop_seconds: float = 0.0
    """Processor time of the event loop's thread while calls were due."""
    cpu_seconds: float = 0.0
    """Of the whole process, gRPC's threads too."""


def started() -> bool:
    """Tells that this module has been imported."""
    return True


def open_loop(plan: Plan) -> Record:
    """Begins calls when they are due, and waits until the last has ended.

    Raises:
        TimeoutError: There is no connection.
    """
    return _run(plan, _Driver.when_due)


def one_by_one(plan: Plan) -> Record:
    """Makes one call after the other, the next when one has ended, until the time or the requests run out.

    What one caller alone gets; `due` is when the call before had ended.

    Raises:
        TimeoutError: There is no connection.
    """
    return _run(plan, _Driver.one_by_one)


def _run(plan: Plan, drive: Callable[["_Driver"], Awaitable[None]]) -> Record:
    async def connected() -> Record:
        driver = _Driver(plan)
        try:
            await driver.connect()
            await drive(driver)
        finally:
            await driver.close()
        return driver.record

    # epoll waits in whole milliseconds, select in microseconds: calls would be up to a millisecond late.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    # What is there now is not looked through again and again while time is measured.
    gc.collect()
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(connected())
    finally:
        gc.unfreeze()


class _Driver:
    def __init__(self, plan: Plan) -> None:
        self.record = Record()
        self._plan = plan
        self._in_flight = 0
        self._metadata = plan.target.metadata()
        self._channels = [plan.target.channel() for _ in range(plan.connections)]
        path, streaming = plan.method.path, plan.method.streaming
        self._callables: list[Any] = [
            channel.unary_stream(path) if streaming else channel.unary_unary(path) for channel in self._channels
        ]
        self._make = self._stream if streaming else self._unary

    async def connect(self) -> None:
        ready = (channel.channel_ready() for channel in self._channels)
        await asyncio.wait_for(asyncio.gather(*ready), CONNECT_SECONDS)

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels))

    async def when_due(self) -> None:
        plan, record = self._plan, self.record
        await asyncio.sleep(max(0.0, -self._now()))
        cpu, loop_cpu = time.process_time(), time.thread_time()
        # What goes wrong in a call without being a status of it ends the step.
        async with asyncio.TaskGroup() as calls:
            for number, due in enumerate(plan.due):
                # Also when it is late: a sleep of 0 lets the loop look after what has come in meanwhile.
                await asyncio.sleep(max(0.0, due - self._now()))
                if self._in_flight >= plan.max_in_flight:
                    record.not_begun.append(due)
                    continue
                self._in_flight += 1
                record.most_in_flight = max(record.most_in_flight, self._in_flight)
                calls.create_task(self._call(number, due)).add_done_callback(self._ended)
            await asyncio.sleep(max(0.0, plan.seconds - self._now()))
            record.cpu_seconds, record.loop_seconds = time.process_time() - cpu, time.thread_time() - loop_cpu

    async def one_by_one(self) -> None:
        # Counted from here, not from the start of the plan: a caller that connects late still has time for one call.
        until = self._now() + self._plan.seconds
        for number in range(len(self._plan.requests)):
            if (due := self._now()) >= until:
                break
            await self._call(number, due)

    def _now(self) -> float:
        return time.monotonic() - self._plan.start_at

    def _ended(self, _: "asyncio.Task[None]") -> None:
        self._in_flight -= 1

    async def _call(self, number: int, due: float) -> None:
        begun, first, code, received = self._now(), None, OK, 0
        try:
            async for size in self._make(self._callables[number % len(self._callables)], self._plan.requests[number]):
                if first is None:
                    first = self._now()
                received += size
        except aio.AioRpcError as error:
            code = error.code().name
            self.record.details.setdefault(code, error.details() or "")
        self.record.calls.append(Call(due, begun, first, self._now(), code, received))

    async def _stream(self, callee: Any, request: bytes) -> Any:
        async for message in callee(request, timeout=self._plan.timeout, metadata=self._metadata):
            yield len(message)

    async def _unary(self, callee: Any, request: bytes) -> Any:
        yield len(await callee(request, timeout=self._plan.timeout, metadata=self._metadata))
