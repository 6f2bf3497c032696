"""One profile from its first call to its knee."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.load.open_loop import calls, figures, knee
from tests.load.open_loop.arrivals import schedule
from tests.load.open_loop.driver import OK
from tests.load.open_loop.drivers import Drivers
from tests.load.open_loop.errors import TargetError
from tests.load.open_loop.figures import SETTLE, Quantiles, Step
from tests.load.open_loop.ghz import GhzRun
from tests.load.open_loop.knee import Knee
from tests.load.open_loop.machine import Meter
from tests.load.open_loop.profiles import Profile
from tests.load.open_loop.search import next_rate

UNLOADED_PART = 0.2
"""The rate that counts as no load, as a part of what one caller gets who makes one call after the other."""

LEAST_CALLS = 100
"""A step is made longer until it measures so many calls, ..."""

LONGEST = 2.0
"""... but not more than so many times."""


@dataclass
class Result:
    """What was found with a profile."""

    name: str
    """Of its file."""
    profile: Profile
    alone: Quantiles
    """What one caller gets who makes one call after the other."""
    steps: list[Step]
    """In the order in which they were made."""
    ghz: list[GhzRun] = field(default_factory=list)

    @property
    def unloaded(self) -> Step:
        """The first step, which p99 is held against: so few calls that they do not meet, come as all others do."""
        return self.steps[0]

    @property
    def knee(self) -> Knee:
        """Where it is."""
        return knee.find(self.steps, self.profile.knee)

    def complaints(self, step: Step) -> list[str]:
        """Why a step was not held."""
        return knee.complaints(step, self.unloaded, self.profile.knee)


def seconds_of(profile: Profile, rate: float) -> float:
    """How long a rate is offered."""
    shortest = profile.load.step_seconds
    return min(max(shortest, LEAST_CALLS / rate / (1 - SETTLE)), LONGEST * shortest)


def measure(name: str, profile: Profile, drivers: Drivers, meter: Meter, say: Callable[[str], None]) -> Result:
    """Offers rates until the knee is found.

    Args:
        name: Of the profile.
        profile: What to call.
        drivers: Who calls.
        meter: Of this machine.
        say: Takes a line about each step.

    Raises:
        TargetError: One caller alone gets no answer, or there is no connection any more.
    """
    load = profile.load
    alone = _alone(name, profile, drivers)
    say(f"one caller alone: p50 {knee.milliseconds(alone.p50)}, p99 {knee.milliseconds(alone.p99)} ms")
    made = 0

    def offer(rate: float) -> Step:
        nonlocal made
        seconds = seconds_of(profile, rate)
        due = schedule(load.arrivals, rate, seconds, load.seed + made)
        records, computed = drivers.offer(profile, due, seconds, load.seed + made, meter)
        made += len(due) + 1
        return figures.step(rate, seconds, records, computed, streaming=calls.method(profile.call).streaming)

    first = min(UNLOADED_PART / alone.p50, load.most_rate)
    result = Result(name, profile, alone, [offer(first)])
    tried: list[tuple[float, bool]] = []
    while True:
        step = result.steps[-1]
        complaints = result.complaints(step)
        say(_line(step, complaints))
        tried.append((step.rate, not complaints))
        rate = next_rate(tried, load.start_rate or first, load.growth, load.most_rate)
        if rate is None:
            return result
        result.steps.append(offer(rate))


def _alone(name: str, profile: Profile, drivers: Drivers) -> Quantiles:
    record = drivers.alone(profile, profile.load.step_seconds)
    failed = [call.code for call in record.calls if call.code != OK]
    if failed:
        raise TargetError(f"{name}: a call of one caller alone failed: {failed[0]}: {record.details[failed[0]]}")
    alone = figures.alone(record)
    assert alone is not None, "there is one call at least, and none failed"
    return alone


def _line(step: Step, complaints: list[str]) -> str:
    first = f"first {knee.milliseconds(step.first.p99)}, " if step.first else ""
    whole = knee.milliseconds(step.whole.p99) if step.whole else "–"
    return (
        f"{knee.number(step.rate):>7} calls/s offered, {knee.number(step.achieved_rate):>7} answered, "
        f"p99 {first}whole {whole} ms: {'; '.join(complaints) or 'held'}"
    )
