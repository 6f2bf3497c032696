"""Paces the streams of one caller, or of all: together they send no faster than a rate, taking turns."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from synthserve_server.limits.bucket import Bucket

MESSAGE_SECONDS = 0.25
"""The most of the rate that one message uses, in seconds, so that a slow stream flows evenly."""


class Pace:
    """A first-in, first-out queue in front of a token bucket.

    A stream waits with a finished message. So a stream over its rate holds as much memory as one with a slow reader,
    and is computed no faster than it is sent.
    """

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]) -> None:
        """Starts with an empty queue and a full bucket.

        Args:
            rate: Samples per second, above 0.
            clock: A monotonic clock, in seconds.
            sleep: Waits for a number of seconds of that clock.
        """
        self.rate = rate
        self.most = max(1, int(rate * MESSAGE_SECONDS))
        """The most samples in a message."""
        self._clock = clock
        self._sleep = sleep
        self._bucket = Bucket(rate, clock())
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def is_rested(self) -> bool:
        """Whether no stream waits and the bucket is full, as in a new pace."""
        return not self._waiting and self._bucket.is_full(self._clock())

    def start_delay(self) -> float:
        """Seconds until a new stream could send its first sample, after the waiting ones."""
        return self._bucket.delay(self._waiting + 1, self._clock())

    async def wait(self, samples: int) -> None:
        """Waits until a message of `samples` samples may be sent. A cancelled wait takes no tokens."""
        self._waiting += samples
        try:
            async with self._turn:
                if delay := self._bucket.delay(samples, self._clock()):
                    await self._sleep(delay)
                self._bucket.take(samples, self._clock())
        finally:
            self._waiting -= samples


class Paces:
    """Several paces that apply to a stream at once."""

    def __init__(self, paces: Sequence[Pace]) -> None:
        """Combines paces.

        Args:
            paces: At least one; a stream waits for them in this order.
        """
        self._paces = paces
        self.most = min(pace.most for pace in paces)
        """The most samples in a message."""

    async def wait(self, samples: int) -> None:
        """Waits until a message of `samples` samples may be sent."""
        for pace in self._paces:
            await pace.wait(samples)
