"""Waits and deadlines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve import Cancelled, DeadlineExceeded, ResourceExhausted, RetryPolicy, Unavailable
from synthserve._transport.retry import Deadline


@given(failures=st.integers(1, 10_000), asked=st.none() | st.floats(0, 1e6))
def test_waits_grow_within_bounds_and_honour_the_server(failures: int, asked: float | None) -> None:
    policy = RetryPolicy(resume_attempts=10_001, initial_backoff=0.5, max_backoff=8.0, multiplier=2.0)
    wait = policy.delay(failures, Unavailable("no", retry_delay=asked), started=True)
    longest = min(8.0, 0.5 * 2.0 ** min(failures - 1, 20))
    assert max(longest / 2, asked or 0) <= wait <= max(longest, asked or 0)


@given(failures=st.integers(1, 10_000), asked=st.floats(0, 1e6))
def test_who_is_over_a_limit_comes_back_after_the_time_that_it_is_told(failures: int, asked: float) -> None:
    policy = RetryPolicy(start_attempts=10_001, initial_backoff=0.5, max_backoff=8.0, multiplier=2.0)
    wait = policy.delay(failures, ResourceExhausted("no", retry_delay=asked), started=False)
    longest = min(8.0, 0.5 * 2.0 ** min(failures - 1, 20))
    assert asked + longest / 2 <= wait <= asked + longest


def test_a_limit_without_a_time_is_not_tried_again() -> None:
    error = ResourceExhausted("too large")
    with pytest.raises(ResourceExhausted) as raised:
        RetryPolicy().delay(1, error, started=True)
    assert raised.value is error


def test_there_are_two_bounds() -> None:
    policy = RetryPolicy(start_attempts=2, resume_attempts=3)
    error = Unavailable("no")
    policy.delay(1, error, started=False)
    policy.delay(2, error, started=True)
    for failures, started in ((2, False), (3, True)):
        with pytest.raises(Unavailable):
            policy.delay(failures, error, started=started)
    with pytest.raises(Cancelled):
        policy.delay(1, Cancelled("no"), started=True)


def test_one_attempt_is_not_called_giving_up() -> None:
    with pytest.raises(Unavailable) as raised:
        RetryPolicy(start_attempts=1).delay(1, Unavailable("no"), started=False)
    assert not hasattr(raised.value, "__notes__")


@pytest.mark.parametrize(
    "values",
    [
        {"start_attempts": 0},
        {"resume_attempts": 0},
        {"initial_backoff": -1.0},
        {"initial_backoff": 9.0, "max_backoff": 1.0},
        {"multiplier": 0.5},
    ],
)
def test_nonsense_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        RetryPolicy(**values)  # type: ignore[arg-type]  # wrong on purpose


def test_a_deadline_counts_down_and_refuses_useless_waits() -> None:
    assert Deadline(None).left() is None
    assert Deadline(None).fit(1e9, Unavailable("no")) == 1e9
    deadline = Deadline(1000)
    left = deadline.left()
    assert left is not None
    assert 0 < left <= 1000
    assert deadline.fit(1, Unavailable("no")) == 1
    cause = Unavailable("gone")
    with pytest.raises(DeadlineExceeded, match="not done within 1000 s; the last attempt failed: gone") as raised:
        deadline.fit(1001, cause)
    assert raised.value.__cause__ is cause
    with pytest.raises(DeadlineExceeded, match="not done within 0 s"):
        Deadline(0).left()
