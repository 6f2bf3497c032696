import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.load.open_loop.arrivals import schedule, share

rates = st.floats(0.1, 2_000)
lengths = st.floats(0.1, 5)
seeds = st.integers(0, 2**63 - 1)


@given(kind=st.sampled_from(["poisson", "constant"]), rate=rates, seconds=lengths, seed=seeds)
def test_times_are_ascending_and_within_the_step(kind: str, rate: float, seconds: float, seed: int) -> None:
    times = schedule(kind, rate, seconds, seed)  # type: ignore[arg-type]  # a parameter is any text
    assert times == sorted(times)
    assert all(0 <= at < seconds for at in times)


@given(rate=rates, seconds=lengths)
def test_constant_arrivals_are_as_many_as_rate_and_seconds_say(rate: float, seconds: float) -> None:
    times = schedule("constant", rate, seconds, 0)
    assert abs(len(times) - rate * seconds) <= 1
    assert all(math.isclose(later - at, 1 / rate, rel_tol=1e-6) for at, later in itertools.pairwise(times))


@given(rate=rates, seconds=lengths, seed=seeds)
def test_the_same_seed_gives_the_same_times(rate: float, seconds: float, seed: int) -> None:
    assert schedule("poisson", rate, seconds, seed) == schedule("poisson", rate, seconds, seed)


@pytest.mark.parametrize("seed", range(5))
def test_poisson_arrivals_vary_as_such_do(seed: int) -> None:
    counts = [0] * 1000
    for at in schedule("poisson", 20.0, 1000.0, seed):
        counts[int(at)] += 1
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    # Both are 20; the tolerances are about six standard deviations of each estimate.
    assert abs(mean - 20) < 0.9
    assert abs(variance - 20) < 5.5


@given(rate=rates, seed=seeds, parts=st.integers(1, 8))
def test_shares_are_the_whole(rate: float, seed: int, parts: int) -> None:
    times = schedule("poisson", rate, 1.0, seed)
    shares = [share(times, part, parts) for part in range(parts)]
    assert sorted(at for own in shares for at in own) == times
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
