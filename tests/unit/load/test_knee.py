import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.load.open_loop.figures import Step
from tests.load.open_loop.knee import allowed_p99, complaints, doubt, find, number
from tests.load.open_loop.profiles import Criteria
from tests.unit.load.steps import quantiles, step

CRITERIA = Criteria(throughput_within=0.05, p99_factor=5.0, p99_allowed_ms=20.0)
UNLOADED = step(100)


def test_a_rate_that_is_kept_up_with_is_held() -> None:
    assert complaints(step(1000, p99=0.049), UNLOADED, CRITERIA) == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (step(1000, answered_part=0.94), "940 of 1,000 calls a second"),
        (
            step(1000, p99=0.051, first=quantiles(0.004)),
            "p99 of the whole call was 51 ms, more than 50 ms (10 ms without load)",
        ),
        (step(1000, first=quantiles(0.026)), "p99 of the first message was 26 ms, more than 25 ms (5 ms without load)"),
        (step(1000, outcomes={"OK": 999, "UNAVAILABLE": 1}), "1 calls ended with UNAVAILABLE"),
        (step(1000, not_begun=7, most_in_flight=50), "7 calls were not begun, as 50 were under way"),
    ],
)
def test_what_keeps_a_rate_from_being_held_is_said(broken: Step, said: str) -> None:
    (complaint,) = complaints(broken, UNLOADED, CRITERIA)
    assert said in complaint


def test_a_few_calls_less_mean_nothing() -> None:
    assert complaints(step(20, answered_part=0.85), UNLOADED, CRITERIA) == []
    assert complaints(step(20, answered_part=0.80), UNLOADED, CRITERIA) != []


def test_a_short_p99_is_never_too_long() -> None:
    assert allowed_p99(quantiles(0.001), CRITERIA) == 0.020
    assert allowed_p99(quantiles(0.010), CRITERIA) == 0.050


def test_the_knee_is_the_last_rate_before_the_bend() -> None:
    curve = [step(100), step(200), step(400, p99=0.03), step(800, p99=0.4), step(1600, p99=2.0, answered_part=0.5)]
    knee = find(curve, CRITERIA)
    assert knee.held == curve[2]
    assert knee.broken == curve[3]
    assert knee.headline == "knee at 400 calls/s"
    assert knee.sentence.startswith(
        "400 calls/s was held. 800 calls/s was not held: p99 of the first message was 200 ms"
    )
    assert "p99 of the whole call was 400 ms" in knee.sentence


def test_a_rate_that_was_held_at_its_second_try_was_held() -> None:
    knee = find([step(100), step(200, p99=1.0), step(200), step(400, p99=1.0), step(400, p99=1.0)], CRITERIA)
    assert knee.held == step(200)
    assert knee.broken is not None
    assert knee.broken.rate == 400


def test_a_rate_above_one_that_was_not_held_is_no_knee() -> None:
    knee = find([step(100), step(200), step(300, p99=1.0), step(400)], CRITERIA)
    assert knee.held == step(200)


def test_where_all_was_held_the_knee_lies_above() -> None:
    knee = find([step(100), step(200)], CRITERIA)
    assert knee.broken is None
    assert knee.headline == "knee at 200 calls/s or more"
    assert "lies above" in knee.sentence


def test_where_nothing_was_held_there_is_none() -> None:
    knee = find([step(100, outcomes={"UNAVAILABLE": 100}, answered_part=0)], CRITERIA)
    assert knee.held is None
    assert knee.headline == "no rate was held"
    assert "100 calls ended with UNAVAILABLE" in knee.sentence


@pytest.mark.parametrize(
    ("limited", "said"),
    [
        (step(1000, p99=1.0, driver_busy=0.95), "its event loop computed 95% of the time"),
        (step(1000, p99=0.1, late_p99=0.08), "began calls 80 ms late"),
        (step(1000, p99=1.0, other_cores=1.5), "other work had 1.5 of the cores"),
    ],
)
def test_the_server_is_not_blamed_for_what_may_be_others_doing(limited: Step, said: str) -> None:
    knee = find([step(100), limited], CRITERIA)
    assert knee.doubt is not None
    assert said in knee.sentence
    assert "The server may hold more" in knee.sentence
    assert "or more" in knee.headline


def test_work_beside_a_server_elsewhere_does_not_concern_it() -> None:
    assert doubt(step(1000, server_cores=None, other_cores=1.5)) is None


def test_a_driver_that_is_a_little_late_is_not_blamed() -> None:
    assert doubt(step(1000, p99=1.0, late_p99=0.08)) is None


@given(
    capacity=st.floats(50, 5_000),
    rates=st.lists(st.floats(10, 10_000), min_size=1, max_size=20, unique=True),
)
def test_the_knee_is_below_the_capacity(capacity: float, rates: list[float]) -> None:
    steps = [step(min(rates) / 2, p99=0.01)]
    steps += [step(rate, p99=0.01 if rate <= capacity else 1.0) for rate in sorted(rates)]
    knee = find(steps, CRITERIA)
    assert knee.held is not None
    assert knee.held.rate == max(one.rate for one in steps if one == steps[0] or one.rate <= capacity)
    assert (knee.broken is None) == (max(rates) <= capacity)


@pytest.mark.parametrize(("rate", "text"), [(0.12345, "0.123"), (12.345, "12.3"), (1234.5, "1,234")])
def test_numbers(rate: float, text: str) -> None:
    assert number(rate) == text
