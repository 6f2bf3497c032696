"""The pace of a caller, or of all of them: its streams send no faster than its rate, in turns."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from synthserve_server.limits.bucket import Bucket

MESSAGE_SECONDS = 0.25
"""How much of the rate goes into one message at most, so that a slow stream flows and does not come in lumps."""


class Pace:
    """A line before a bucket, first come, first served.

    A stream waits with a message that is made. So one that is over its rate holds what a stream with a slow reader
    holds, and is computed no faster than it is sent.
    """

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]) -> None:
        """Starts with an empty line.

        Args:
            rate: Samples per second, above 0.
            clock: Seconds that never go back.
            sleep: Waits for so many seconds of that clock.
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
        """Whether nobody waits and a new pace would be no different."""
        return not self._waiting and self._bucket.is_full(self._clock())

    def start_delay(self) -> float:
        """Seconds until a new stream could send its first sample, if those who wait go first."""
        return self._bucket.delay(self._waiting + 1, self._clock())

    async def wait(self, samples: int) -> None:
        """Returns when a message of so many samples may go. Who is cancelled meanwhile has taken nothing."""
        self._waiting += samples
        try:
            async with self._turn:
                if delay := self._bucket.delay(samples, self._clock()):
                    await self._sleep(delay)
                self._bucket.take(samples, self._clock())
        finally:
            self._waiting -= samples


class Paces:
    """Several paces that a stream keeps at once."""

    def __init__(self, paces: Sequence[Pace]) -> None:
        """Takes them together.

        Args:
            paces: At least one; waited for in this order.
        """
        self._paces = paces
        self.most = min(pace.most for pace in paces)
        """The most samples in a message."""

    async def wait(self, samples: int) -> None:
        """Returns when a message of so many samples may go."""
        for pace in self._paces:
            await pace.wait(samples)
