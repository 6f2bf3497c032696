"""A rate that allows for short bursts: the token bucket. Pure; the caller says what time it is."""

BURST_SECONDS = 1.0
"""How much of its rate a bucket holds when it is full."""


class Bucket:
    """Fills steadily; what is to go takes as many tokens as it has samples.

    Over any span of t seconds no more goes than `capacity + rate * t`, as long as nothing is taken before its time and
    nothing is larger than the capacity. What is larger goes once the bucket holds all of it on credit, and what follows
    waits for longer.
    """

    def __init__(self, rate: float, now: float) -> None:
        """Starts with a full bucket.

        Args:
            rate: Tokens per second, above 0.
            now: Seconds of any clock that never goes back; the same one everywhere.
        """
        self._rate = rate
        self._capacity = max(rate * BURST_SECONDS, 1.0)
        self._tokens = self._capacity
        self._at = now

    def delay(self, size: float, now: float) -> float:
        """Seconds until `size` tokens can be taken; 0: now."""
        return max(0.0, (size - self._level(now)) / self._rate)

    def take(self, size: float, now: float) -> None:
        """Takes tokens, those that are not there yet too."""
        self._tokens = self._level(now) - size
        self._at = now

    def is_full(self, now: float) -> bool:
        """Whether it is as if nothing had ever been taken."""
        return self._level(now) >= self._capacity

    def _level(self, now: float) -> float:
        return min(self._capacity, self._tokens + (now - self._at) * self._rate)
