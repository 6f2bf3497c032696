"""The figures of the comparison: one per turn, medians over rounds, and ratios paired by round."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.measure import Usage
from tests.benchmarks.plans import Record


@dataclass(frozen=True)
class Turn:
    """What one side did in one round. A figure that was not measured is None."""

    throughput: float
    """Samples per second, of requests that were answered in full."""
    first_ms: float | None
    """The median of the calls."""
    p50_ms: float | None
    p99_ms: float | None
    calls: int
    unfinished: int
    cpu_per_million: float | None
    """Processor seconds of the side for each million samples."""
    client_per_million: float | None
    """Processor seconds of the client, likewise."""
    peak_mib: float


def turn(record: Record, usage: Usage, client: Usage, *, first_only: bool) -> Turn:
    """Reads the figures of a turn."""

    def per_million(seconds: float) -> float | None:
        return seconds / record.samples * 1e6 if record.samples and not first_only else None

    latencies = [] if first_only else record.latencies
    return Turn(
        throughput=0.0 if first_only else record.samples / record.seconds,
        first_ms=_ms(percentile(record.firsts, 0.5)),
        p50_ms=_ms(percentile(latencies, 0.5)),
        p99_ms=_ms(percentile(latencies, 0.99)),
        calls=len(record.latencies),
        unfinished=record.unfinished,
        cpu_per_million=per_million(usage.cpu_seconds),
        client_per_million=per_million(client.cpu_seconds),
        peak_mib=usage.peak_mib,
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least such a share of the values does not exceed; None where there is none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def median(values: Sequence[float | None]) -> float | None:
    """The median of those that were measured."""
    measured = [value for value in values if value is not None]
    return statistics.median(measured) if measured else None


@dataclass(frozen=True)
class Ratio:
    """The median of a ratio over the rounds, and its smallest and largest value."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.most:.2f})"


def ratio(above: Sequence[float | None], below: Sequence[float | None]) -> Ratio | None:
    """The ratio of two sides, round by round; None where no round has both."""
    ratios = [first / second for first, second in zip(above, below, strict=True) if first is not None and second]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None
