from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.load.open_loop import figures
from tests.load.open_loop.driver import Call, Record
from tests.load.open_loop.figures import Quantiles, Step
from tests.load.open_loop.machine import Computed

SECONDS = 8.0
"""Of which the first two are for settling."""


def measured(calls: list[Call], *, streaming: bool = True, not_begun: Sequence[float] = ()) -> Step:
    record = Record(calls, list(not_begun), details={"RESOURCE_EXHAUSTED": "full"})
    return figures.step(10.0, SECONDS, [record], Computed(4.0, 12.0), streaming=streaming)


@given(values=st.lists(st.floats(0, 1e6), min_size=1))
def test_quantiles_are_values_that_were_measured(values: list[float]) -> None:
    found = Quantiles.of(values)
    assert found is not None
    assert {found.p50, found.p95, found.p99, found.most} <= set(values)
    assert found.p50 <= found.p95 <= found.p99 <= found.most == max(values)


def test_there_are_none_of_nothing() -> None:
    assert Quantiles.of([]) is None


def test_times_count_from_when_a_call_was_due() -> None:
    step = measured([Call(due=3.0, begun=4.0, first=4.5, ended=5.0, code="OK", received=1)])
    assert step.first == Quantiles(1.5, 1.5, 1.5, 1.5)
    assert step.whole == Quantiles(2.0, 2.0, 2.0, 2.0)
    assert step.late_p99 == 1.0


def test_a_stalled_server_is_charged_with_all_who_came_meanwhile() -> None:
    """The mistake of a closed loop (coordinated omission): one of these calls would have been made, not a hundred."""
    stall = [Call(due, due, 5.0, 5.0, "OK", 1) for due in (4.0 + number / 100 for number in range(100))]
    step = measured(stall)
    assert step.whole is not None
    assert 0.4 < step.whole.p50 < 0.6


def test_what_settles_is_not_measured() -> None:
    early = Call(due=1.0, begun=1.0, first=1.5, ended=1.9, code="OK", received=6)
    across = Call(due=1.9, begun=1.9, first=2.5, ended=3.0, code="OK", received=6)
    late = Call(due=7.0, begun=7.0, first=8.5, ended=9.0, code="OK", received=6)
    step = measured([early, across, late])
    assert step.seconds == 6.0
    assert step.offered == 1, "late"
    assert step.answered == 1, "across: what comes out in that time, whenever it went in"
    assert step.bytes_per_second == 1.0
    assert step.whole == Quantiles(2.0, 2.0, 2.0, 2.0)
    assert step.outcomes == {"OK": 3}


def test_calls_that_failed_have_no_times_unless_they_waited() -> None:
    refused = Call(3.0, 3.0, None, 3.001, "RESOURCE_EXHAUSTED", 0)
    timed_out = Call(3.0, 3.0, None, 6.0, "DEADLINE_EXCEEDED", 0)
    step = measured([refused, timed_out])
    assert step.first == step.whole == Quantiles(3.0, 3.0, 3.0, 3.0)
    assert (step.answered, step.failed) == (0, 2)
    assert step.details == {"RESOURCE_EXHAUSTED": "full"}


def test_calls_that_were_not_begun_were_offered() -> None:
    step = measured([], not_begun=[1.0, 3.0, 4.0])
    assert (step.offered, step.not_begun) == (2, 3)


def test_one_message_has_no_first() -> None:
    assert measured([Call(3.0, 3.0, 3.1, 3.2, "OK", 1)], streaming=False).first is None


def test_drivers_are_put_together() -> None:
    one, other = (Record([], [], 5, {}, loop_seconds, 2.0) for loop_seconds in (1.0, 4.0))
    step = figures.step(10.0, SECONDS, [one, other], Computed(4.0, 12.0), streaming=True)
    assert step.driver_busy == 0.5, "the busiest"
    assert step.driver_cores == 0.5
    assert step.server_cores == 0.5
    assert step.other_cores == 0.5
    assert step.most_in_flight == 10


def test_one_caller_alone_settles_too() -> None:
    calls = [Call(0, 0, None, seconds, "OK", 1) for seconds in (9.0, 1.0, 1.0, 1.0)]
    assert figures.alone(Record(calls)) == Quantiles(1.0, 1.0, 1.0, 1.0)
    assert figures.alone(Record()) is None
