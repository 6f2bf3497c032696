"""When to try again, and how long to wait before."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from typing import SupportsFloat

from synthserve._checks import LONGEST_SECONDS, integer, invalid
from synthserve._exceptions import DeadlineExceeded, ResourceExhausted, SynthserveError, Unavailable

_LARGEST_MULTIPLIER = 1000


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How calls are tried again after the server was unavailable, or refused them for now.

    A wrong address should be told at once, a stream that already gave a million rows deserves patience: so there is
    one bound for calls that have given nothing yet, and one for streams that have. Both count attempts since the
    last progress; the waits between them grow from `initial_backoff` by `multiplier` up to `max_backoff`, each
    shortened by a random part of at most a half. The server can ask for longer ones. A call that is over a limit is
    tried again only where the server says when: then, and the wait of the policy later, so that not all come at once.

    Attributes:
        start_attempts: Attempts in a row, at least 1, before anything came. 1 turns retries off.
        resume_attempts: Attempts in a row, at least 1, once a stream has begun; the one that broke counts. 1 turns
            resuming off.
        initial_backoff: Seconds before the second attempt.
        max_backoff: The longest wait in seconds.
        multiplier: Growth from wait to wait, from 1 to 1,000.

    Raises:
        InvalidRequest: A value is not a number, or out of its range. It is a ValueError, too.

    Example:
        >>> import synthserve
        >>> patient = synthserve.RetryPolicy(start_attempts=10)
        >>> with synthserve.Client("localhost:50051", retry=patient) as client:
        ...     names = [model.name for model in client.models()]
    """

    start_attempts: int = 4
    resume_attempts: int = 12
    initial_backoff: float = 0.1
    max_backoff: float = 5.0
    multiplier: float = 2.0

    def __post_init__(self) -> None:
        for name in ("start_attempts", "resume_attempts"):
            if integer(name, getattr(self, name), 64) < 1:
                raise invalid(name, "must be at least 1")
        for name in ("initial_backoff", "max_backoff", "multiplier"):
            value = getattr(self, name)
            if not isinstance(value, SupportsFloat) or not math.isfinite(value):
                raise invalid(name, f"must be a finite number, not {value!r}")
        if not 0 <= self.initial_backoff <= self.max_backoff <= LONGEST_SECONDS:
            raise invalid("max_backoff", f"0 <= initial_backoff <= max_backoff <= {LONGEST_SECONDS:g} must hold")
        if not 1 <= self.multiplier <= _LARGEST_MULTIPLIER:
            raise invalid("multiplier", f"must be from 1 to {_LARGEST_MULTIPLIER}")

    def delay(self, failures: int, error: SynthserveError, *, started: bool) -> float:
        """Decides what follows a failed attempt.

        Args:
            failures: Failures in a row since the last progress, this one counted.
            error: What happened.
            started: Whether the call has given anything.

        Returns:
            Seconds to wait before the next attempt.

        Raises:
            SynthserveError: `error` itself, when trying again would not help or was done often enough.
        """
        if isinstance(error, ResourceExhausted) and error.retry_delay is not None:
            at_least, more = 0.0, error.retry_delay
        elif isinstance(error, Unavailable):
            at_least, more = error.retry_delay or 0.0, 0.0
        else:
            raise error
        if failures >= (self.resume_attempts if started else self.start_attempts):
            if failures > 1:
                error.add_note(f"gave up after {failures} attempts")
            raise error
        # The exponent is bounded so that no number of attempts overflows.
        backoff = min(self.max_backoff, self.initial_backoff * self.multiplier ** min(failures - 1, 64))
        jittered = backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        # The server can ask for any wait; none lasts longer than Python can wait.
        return min(max(jittered, at_least) + more, LONGEST_SECONDS)


class Deadline:
    """A point in time that a whole logical call, with all its attempts and waits, must not pass."""

    def __init__(self, timeout: float | None) -> None:
        """Begins now.

        Args:
            timeout: Seconds, at most `LONGEST_SECONDS`. None: no limit.
        """
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Returns the seconds that are left; None without a deadline.

        Raises:
            DeadlineExceeded: None are left.
        """
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded(f"not done within {self._timeout:g} s")
        return left

    def fit(self, wait: float, cause: SynthserveError) -> float:
        """Returns `wait`, if it ends in time.

        Raises:
            DeadlineExceeded: It does not; waiting for it would be useless.
        """
        if self._end is not None and time.monotonic() + wait >= self._end:
            raise DeadlineExceeded(f"not done within {self._timeout:g} s; the last attempt failed: {cause}") from cause
        return wait
