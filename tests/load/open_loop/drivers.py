"""The driver processes, apart from the one that leads them, and kept from step to step."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from tests.load.open_loop import calls, driver
from tests.load.open_loop.arrivals import share
from tests.load.open_loop.driver import Plan, Record
from tests.load.open_loop.errors import TargetError
from tests.load.open_loop.machine import Computed, Meter
from tests.load.open_loop.profiles import Profile
from tests.load.open_loop.target import Target

LEAD_SECONDS = 0.5
"""From when a plan is handed out to its start: for the connections."""

ALONE_CALLS = 10_000
"""The most calls that one caller makes alone."""

T = TypeVar("T")


class Drivers:
    """So many processes that share what is due."""

    def __init__(self, count: int, target: Target) -> None:
        self._count = count
        self._target = target
        # Spawned: gRPC does not survive a fork. One pool each, so that no process takes two plans.
        spawn = multiprocessing.get_context("spawn")
        # Ctrl-C goes to all processes of a terminal, and these have nothing to say about it.
        ignore = (signal.SIGINT, signal.SIG_IGN)
        self._pools = [ProcessPoolExecutor(1, spawn, signal.signal, ignore) for _ in range(count)]
        # Starts them now, and not when the first plan is due.
        self._end([pool.submit(driver.started) for pool in self._pools])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)

    def alone(self, profile: Profile, seconds: float) -> Record:
        """What one caller gets, who makes one call after the other.

        Raises:
            TargetError: There is no connection.
        """
        plan = self._plan(profile, [0.0] * ALONE_CALLS, range(ALONE_CALLS), seconds)
        _, futures = self._begin(driver.one_by_one, [plan])
        (record,) = self._end(futures)
        return record

    def offer(
        self, profile: Profile, due: list[float], seconds: float, first_seed: int, meter: Meter
    ) -> tuple[list[Record], Computed]:
        """Lets calls begin when they are due.

        Args:
            profile: Which calls.
            due: Seconds since the start, ascending.
            seconds: How long that is.
            first_seed: Of what the first call generates; each has its own.
            meter: Of this machine.

        Returns:
            What each driver did, and what was computed while calls were due.

        Raises:
            TargetError: There is no connection.
        """
        seeds, parts = range(first_seed, first_seed + len(due)), self._count
        plans = [self._plan(profile, share(due, part, parts), seeds[part::parts], seconds) for part in range(parts)]
        start_at, futures = self._begin(driver.open_loop, plans)
        _sleep_until(start_at)
        before = meter.look()
        _sleep_until(start_at + seconds)
        computed = meter.look() - before
        return self._end(futures), computed

    def _plan(self, profile: Profile, due: list[float], seeds: Sequence[int], seconds: float) -> Plan:
        load = profile.load
        return Plan(
            target=self._target,
            method=calls.method(profile.call),
            requests=calls.serialised(profile.call, seeds),
            due=due,
            seconds=seconds,
            start_at=0.0,
            timeout=load.timeout_seconds,
            connections=load.connections,
            max_in_flight=load.max_in_flight,
        )

    def _begin(self, how: Callable[[Plan], Record], plans: list[Plan]) -> tuple[float, list["Future[Record]"]]:
        """Hands plans out; they start at one time."""
        start_at = time.monotonic() + LEAD_SECONDS
        begun = [
            pool.submit(how, replace(plan, start_at=start_at)) for pool, plan in zip(self._pools, plans, strict=False)
        ]
        return start_at, begun

    def _end(self, futures: list["Future[T]"]) -> list[T]:
        try:
            return [future.result() for future in futures]
        except TimeoutError:
            raise TargetError(f"no connection to {self._target.address} any more") from None
        except BrokenProcessPool:
            raise TargetError("a driver process has ended; is there enough memory?") from None


def _sleep_until(when: float) -> None:
    time.sleep(max(0.0, when - time.monotonic()))
