"""The figures of a step, from the calls that were made."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.figures import percentile
from tests.load.open_loop.driver import OK, Record
from tests.load.open_loop.machine import Computed

SETTLE = 0.25
"""The first part of a step, which is not measured: what is under way is to be what belongs to its rate."""

TIMED_OUT = "DEADLINE_EXCEEDED"


@dataclass(frozen=True)
class Quantiles:
    """Seconds."""

    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Quantiles | None":
        """Values that were measured, none between them; None where there are none."""
        p50, p95, p99 = (percentile(values, share) for share in (0.5, 0.95, 0.99))
        if p50 is None or p95 is None or p99 is None:
            return None
        return cls(p50, p95, p99, max(values))


@dataclass(frozen=True)
class Step:
    """A rate of requests, and what was measured at it."""

    rate: float
    """Calls a second that the schedule was made for."""
    seconds: float
    """What was measured; the settling before it is not in it."""
    offered: int
    """Calls that were due in that time."""
    answered: int
    """Calls whose answers were whole in that time, whenever they were due."""
    first: Quantiles | None
    """From when a call was due to its first message: of calls that were answered, and of those that ran out of time,
    which waited as long at least. None also where an answer is one message."""
    whole: Quantiles | None
    """The same to its end."""
    outcomes: dict[str, int]
    """Of all calls of the step, settling too, by status."""
    details: dict[str, str]
    """What the first of them said that failed, by status."""
    not_begun: int
    """Calls that were due while as many were under way as may be."""
    most_in_flight: int
    late_p99: float
    """Seconds from when a call was due to when the driver began it."""
    driver_busy: float
    """Which part of the time the thread of the busiest driver's event loop computed, which can do nothing beside."""
    driver_cores: float
    """What all drivers computed, in cores."""
    server_cores: float | None
    """What the server computed; None where it is not known."""
    other_cores: float
    """What everything else on this machine computed; the server too where that is not known."""
    bytes_per_second: float

    @property
    def offered_rate(self) -> float:
        """Calls a second that were due."""
        return self.offered / self.seconds

    @property
    def achieved_rate(self) -> float:
        """Calls a second that were answered."""
        return self.answered / self.seconds

    @property
    def failed(self) -> int:
        """Calls that were made and not answered."""
        return sum(count for code, count in self.outcomes.items() if code != OK)


def alone(record: Record) -> Quantiles | None:
    """What one caller gets, without the first part of the calls; None where none was answered."""
    answered = [call.ended - call.due for call in record.calls if call.code == OK]
    return Quantiles.of(answered[int(SETTLE * len(answered)) :])


def step(rate: float, seconds: float, records: Sequence[Record], computed: Computed, *, streaming: bool) -> Step:
    """The figures of a step.

    Args:
        rate: What the schedule was made for, in calls a second.
        seconds: How long calls were due.
        records: Of all drivers.
        computed: In that time.
        streaming: Whether an answer can have several messages.
    """
    begin = SETTLE * seconds
    calls = [call for record in records for call in record.calls]
    measured = [call for call in calls if call.due >= begin]
    ended = [call for call in calls if call.code == OK and begin <= call.ended < seconds]
    waited = [call for call in measured if call.code in (OK, TIMED_OUT)]
    drivers = sum(record.cpu_seconds for record in records)
    not_begun = [due for record in records for due in record.not_begun]
    return Step(
        rate=rate,
        seconds=seconds - begin,
        offered=len(measured) + sum(due >= begin for due in not_begun),
        answered=len(ended),
        first=Quantiles.of(
            [(call.ended if call.first is None else call.first) - call.due for call in waited] if streaming else []
        ),
        whole=Quantiles.of([call.ended - call.due for call in waited]),
        outcomes=dict(Counter(call.code for call in calls)),
        details={code: said for record in reversed(records) for code, said in record.details.items()},
        not_begun=len(not_begun),
        most_in_flight=sum(record.most_in_flight for record in records),
        late_p99=percentile([call.begun - call.due for call in measured], 0.99) or 0.0,
        driver_busy=max(record.loop_seconds for record in records) / seconds,
        driver_cores=drivers / seconds,
        server_cores=None if computed.server is None else computed.server / seconds,
        other_cores=max(0.0, computed.all - drivers - (computed.server or 0.0)) / seconds,
        bytes_per_second=sum(call.received for call in ended) / (seconds - begin),
    )
