"""A rate limit that allows short bursts: the token bucket. Pure; the caller passes the time."""

BURST_SECONDS = 1.0
"""The capacity of a bucket, in seconds of its rate."""


class Bucket:
    """A token bucket: it fills at a steady rate, and a message takes one token per sample.

    In any span of t seconds at most `capacity + rate * t` tokens are taken, provided that callers respect `delay` and
    take no more than the capacity at once. A larger message waits until the rate covers all of its tokens, and the
    messages after it wait longer.
    """

    def __init__(self, rate: float, now: float) -> None:
        """Starts with a full bucket.

        Args:
            rate: Tokens per second, above 0.
            now: Seconds of a monotonic clock, the same in every call.
        """
        self._rate = rate
        self._capacity = max(rate * BURST_SECONDS, 1.0)
        self._tokens = self._capacity
        self._at = now

    def delay(self, size: float, now: float) -> float:
        """Seconds until `size` tokens may be taken; 0 if they may be taken now."""
        return max(0.0, (size - self._level(now)) / self._rate)

    def take(self, size: float, now: float) -> None:
        """Takes tokens; the level can become negative."""
        self._tokens = self._level(now) - size
        self._at = now

    def is_full(self, now: float) -> bool:
        """Whether the bucket is full, as if nothing had ever been taken."""
        return self._level(now) >= self._capacity

    def _level(self, now: float) -> float:
        return min(self._capacity, self._tokens + (now - self._at) * self._rate)
