"""Which calls begin: a decision that is made at once, and a place that is given back once."""

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
"""When to try again after every place was taken: it is not known when a stream ends."""

_REMEMBERED = 1024
"""So many callers are kept in mind before those who have nothing under way are looked for and forgotten."""


@dataclass(frozen=True)
class Refusal:
    """Why a call is not begun.

    Attributes:
        caller: Whose limit it is; None: that of the server.
        limit: The name of the limit.
        value: What it allows.
        retry_seconds: When to try again.
    """

    caller: str | None
    limit: str
    value: float
    retry_seconds: float


def exceeded(refusal: Refusal) -> LimitExceededError:
    """The error for a refusal."""
    return LimitExceededError(refusal.caller, refusal.limit, refusal.value, refusal.retry_seconds)


class Ticket:
    """The place of a call that was admitted."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        """Holds the place.

        Args:
            give_back: Called when the place is free.
        """
        self._give_back: Callable[[], None] | None = give_back

    def release(self) -> None:
        """Gives the place back; more than once does no harm."""
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
    """The streams that are under way, by caller. Used by one event loop, and never waits.

    Attributes:
        max_streams: The most streams of all callers at once.
        quotas: What each caller may do.
        clock: Seconds that never go back.
        sleep: Waits for so many seconds of that clock.
        rates: Samples per second of all callers together; a kind that is not there has no limit.
        streams: How many streams are under way.
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
        """How many callers are kept in mind: those who have something under way, and some who had."""
        return len(self._callers)

    def admit(self, name: str, kind: Kind | None) -> Ticket | Refusal:
        """Decides about a call.

        Args:
            name: Who calls.
            kind: What is asked for; None: that is not known yet, see `late`.

        Returns:
            Its place, to be released when the call is over; or why there is none. A caller hears of its own limits
            before those of the server.
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
        """The pace that the streams of an admitted caller keep, its own and that of all; None: there is no limit."""
        return self._caller(name).paces.get(kind)

    def late(self, name: str, kind: Kind) -> Refusal | None:
        """Why an admitted call is not begun once it is known what it asks for; None: it is.

        Args:
            name: Who calls.
            kind: What is asked for.
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
