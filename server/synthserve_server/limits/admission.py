"""Decides at once whether a call may start, and counts admitted calls until they end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from synthserve_server.errors import LimitExceededError
from synthserve_server.limits.pace import Pace, Paces
from synthserve_server.limits.quotas import Kind, Quota, Quotas

PATIENCE_SECONDS = 2.0
"""A call that would wait longer than this for its first sample is refused."""

STREAM_RETRY_SECONDS = 1.0
"""The suggested delay of a retry after `max_streams` was reached: nothing tells when a stream will end."""

_REMEMBERED = 1024
"""The number of remembered callers at which idle ones are forgotten."""


@dataclass(frozen=True)
class Refusal:
    """The reason why a call is refused.

    Attributes:
        caller: The caller that the limit applies to; None: the server.
        limit: The name of the limit.
        value: The value of the limit.
        retry_seconds: Seconds until the caller should retry.
    """

    caller: str | None
    limit: str
    value: float
    retry_seconds: float


def exceeded(refusal: Refusal) -> LimitExceededError:
    """The error for a refusal."""
    return LimitExceededError(refusal.caller, refusal.limit, refusal.value, refusal.retry_seconds)


class Ticket:
    """Counts an admitted call until it is released."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        """Counts the call.

        Args:
            give_back: Called once, on release.
        """
        self._give_back: Callable[[], None] | None = give_back

    def release(self) -> None:
        """Stops counting the call; further calls have no effect."""
        give_back, self._give_back = self._give_back, None
        if give_back:
            give_back()


@dataclass
class _Caller:
    quota: Quota
    own: dict[Kind, Pace]
    paces: dict[Kind, Paces]
    streams: int = 0

    @property
    def is_at_rest(self) -> bool:
        return not self.streams and all(pace.is_rested for pace in self.own.values())


@dataclass
class Admission:
    """The running streams, by caller. Used by one event loop, and never waits.

    Attributes:
        max_streams: The most streams of all callers at once.
        quotas: The quotas of callers.
        clock: A monotonic clock, in seconds.
        sleep: Waits for a number of seconds of that clock.
        rates: Samples per second of all callers together; an absent kind has no limit.
        streams: How many streams are running.
    """

    max_streams: int
    quotas: Quotas
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    rates: Mapping[Kind, float] = field(default_factory=dict)
    streams: int = field(default=0, init=False)
    _callers: dict[str, _Caller] = field(default_factory=dict, init=False)
    _sweep_at: int = field(default=_REMEMBERED, init=False)
    _paces: dict[Kind, Pace] = field(init=False)

    def __post_init__(self) -> None:
        self._paces = {kind: Pace(rate, self.clock, self.sleep) for kind, rate in self.rates.items()}

    @property
    def remembered(self) -> int:
        """How many callers are remembered: those with running streams, and some recent ones."""
        return len(self._callers)

    def admit(self, name: str, kind: Kind | None) -> Ticket | Refusal:
        """Decides about a call.

        Args:
            name: The name of the caller.
            kind: The kind of samples; None if it is not known yet, see `late`.

        Returns:
            A ticket to release when the call is over, or the refusal. The caller's own limits are checked before those
            of the server.
        """
        caller = self._caller(name)
        if refusal := self._refusal(name, caller, kind):
            return refusal
        caller.streams += 1
        self.streams += 1

        def give_back() -> None:
            caller.streams -= 1
            self.streams -= 1

        return Ticket(give_back)

    def pace(self, name: str, kind: Kind) -> Paces | None:
        """The pace of an admitted caller's streams: its own and that of all callers; None if there is no limit."""
        return self._caller(name).paces.get(kind)

    def late(self, name: str, kind: Kind) -> Refusal | None:
        """Decides about an admitted call once its kind of samples is known; None: it may start.

        Args:
            name: The name of the caller.
            kind: The kind of samples.
        """
        own, of_all = self._caller(name).own.get(kind), self._paces.get(kind)
        if own and (delay := own.start_delay()) > PATIENCE_SECONDS:
            return Refusal(name, f"{kind.value}_per_second_per_caller", own.rate, delay)
        if of_all and (delay := of_all.start_delay()) > PATIENCE_SECONDS:
            return Refusal(None, f"{kind.value}_per_second", of_all.rate, delay)
        return None

    def _refusal(self, name: str, caller: _Caller, kind: Kind | None) -> Refusal | None:
        most = caller.quota.max_streams
        if most is not None and caller.streams >= most:
            return Refusal(name, "max_streams_per_caller", most, STREAM_RETRY_SECONDS)
        if kind and (refusal := self.late(name, kind)):
            return refusal
        if self.streams >= self.max_streams:
            return Refusal(None, "max_streams", self.max_streams, STREAM_RETRY_SECONDS)
        return None

    def _caller(self, name: str) -> _Caller:
        if (known := self._callers.get(name)) is not None:
            return known
        if len(self._callers) >= self._sweep_at:
            self._callers = {other: caller for other, caller in self._callers.items() if not caller.is_at_rest}
            self._sweep_at = max(_REMEMBERED, 2 * len(self._callers))
        quota = self.quotas.of(name)
        rates = ((kind, quota.rate(kind)) for kind in Kind)
        own = {kind: Pace(rate, self.clock, self.sleep) for kind, rate in rates if rate is not None}
        both = {kind: [each[kind] for each in (own, self._paces) if kind in each] for kind in Kind}
        paces = {kind: Paces(found) for kind, found in both.items() if found}
        return self._callers.setdefault(name, _Caller(quota, own, paces))
