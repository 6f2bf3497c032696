"""Made-up steps, for tests of the figures."""

from tests.load.open_loop.figures import Quantiles, Step


def quantiles(p99: float) -> Quantiles:
    """Some whose p99 is so many seconds."""
    return Quantiles(p99 / 4, p99 / 2, p99, p99)


def step(rate: float, p99: float = 0.010, answered_part: float = 1.0, **changes: object) -> Step:
    """A second of so many calls, with the times of a stream."""
    calls = round(rate)
    values: dict[str, object] = {
        "rate": rate,
        "seconds": 1.0,
        "offered": calls,
        "answered": round(calls * answered_part),
        "first": quantiles(p99 / 2),
        "whole": quantiles(p99),
        "outcomes": {"OK": calls},
        "details": {},
        "not_begun": 0,
        "most_in_flight": 3,
        "late_p99": 0.0005,
        "driver_busy": 0.2,
        "driver_cores": 0.3,
        "server_cores": 0.5,
        "other_cores": 0.1,
        "bytes_per_second": 1e6,
    }
    return Step(**{**values, **changes})  # type: ignore[arg-type]  # values of many types
