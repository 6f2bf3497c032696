"""Who is let in, and how fast streams go. Time is what a test says it is."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synthserve_server.limits.admission import PATIENCE_SECONDS, Admission, Refusal, Ticket
from synthserve_server.limits.bucket import Bucket
from synthserve_server.limits.pace import Pace
from synthserve_server.limits.quotas import Kind, Quota, Quotas
from synthserve_server.limits.settings import quotas
from synthserve_server.settings import settings as config


class Clock:
    """A clock that stands still until somebody sleeps; sleepers wake in the order of their times."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Lets the time pass. Only one task sleeps at a time here: a pace has one turn."""
        await asyncio.sleep(0)
        self.now += seconds


@given(
    rate=st.floats(0.01, 1e6),
    sizes=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    pauses=st.lists(st.floats(0, 3), min_size=60, max_size=60),
)
def test_no_span_has_more_than_the_rate_and_a_burst(rate: float, sizes: list[float], pauses: list[float]) -> None:
    capacity = max(rate, 1.0)
    bucket, now = Bucket(rate, 0.0), 0.0
    taken: list[tuple[float, float]] = []
    for part, pause in zip(sizes, pauses, strict=False):
        now += pause
        size = part * capacity
        now += bucket.delay(size, now)
        bucket.take(size, now)
        taken.append((now, size))
    for first, (start, _) in enumerate(taken):
        total = 0.0
        for end, size in taken[first:]:
            total += size
            assert total <= (capacity + rate * (end - start)) * (1 + 1e-6)


def test_a_bucket_is_not_slower_than_its_rate() -> None:
    bucket, now = Bucket(100.0, 5.0), 5.0
    for _ in range(11):
        now += bucket.delay(100, now)
        bucket.take(100, now)
    # The first hundred were there; the others came at a hundred a second.
    assert now == pytest.approx(15)
    assert not bucket.is_full(now + 0.9)
    assert bucket.is_full(now + 1.1)
    assert bucket.delay(100, now + 60) == 0
    assert bucket.delay(250, now + 60) == pytest.approx(1.5)


async def paced(rate: float, streams: Mapping[str, list[int]]) -> tuple[list[tuple[float, str, int]], Clock]:
    """What streams that share a pace send, and when."""
    clock = Clock()
    pace = Pace(rate, clock, clock.sleep)
    sent: list[tuple[float, str, int]] = []

    async def stream(name: str, messages: list[int]) -> None:
        for size in messages:
            await pace.wait(size)
            sent.append((clock.now, name, size))

    await asyncio.gather(*(stream(name, messages) for name, messages in streams.items()))
    assert pace.start_delay() <= 1 / rate
    return sent, clock


async def test_streams_of_one_caller_share_its_rate_in_turns() -> None:
    sent, clock = await paced(40, {"a": [10] * 20, "b": [10] * 20})
    assert clock.now == pytest.approx((400 - 40) / 40)
    assert len(sent) == 40
    # As long as both wait, nobody goes twice in a row.
    waited = [name for when, name, _ in sent if when > 0]
    both = waited[: 2 * min(waited.count("a"), waited.count("b"))]
    assert len(both) >= 30
    assert all(one != other for one, other in itertools.pairwise(both))


async def test_who_is_cancelled_in_the_line_has_taken_nothing() -> None:
    clock = Clock()
    woken = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await woken.wait()
        clock.now += seconds

    pace = Pace(10, clock, sleep)
    await pace.wait(10)
    first, second, third = (asyncio.ensure_future(pace.wait(10)) for _ in range(3))
    await asyncio.sleep(0)
    assert pace.start_delay() == pytest.approx(3.1)
    for gone in (first, second):
        gone.cancel()
    await asyncio.wait([first, second])
    assert pace.start_delay() == pytest.approx(1.1)
    assert not pace.is_rested
    woken.set()
    await third
    assert clock.now == pytest.approx(1)
    clock.now += 1
    assert pace.is_rested


@pytest.mark.parametrize(("rate", "most"), [(0.5, 1), (4, 1), (100, 25), (1e6, 250_000)])
def test_messages_are_a_part_of_the_rate(rate: float, most: int) -> None:
    assert Pace(rate, Clock(), Clock().sleep).most == most


calls = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Kind)), st.integers(0, 5)), max_size=60)


@given(
    calls=calls,
    most=st.integers(1, 8),
    per_caller=st.none() | st.integers(1, 4),
    own=st.none() | st.integers(1, 4),
)
def test_never_more_than_the_limits_and_every_place_comes_back(
    calls: list[tuple[str, Kind, int]], most: int, per_caller: int | None, own: int | None
) -> None:
    """Each call ends so many calls later, and is released by everyone who could."""
    allowed = Admission(most, Quotas(Quota(max_streams=per_caller), {"a": Quota(max_streams=own)}), Clock())
    under_way: list[tuple[int, str, Ticket]] = []
    for number, (name, kind, length) in enumerate(calls):
        for _, _, ticket in (one for one in under_way if one[0] <= number):
            ticket.release()
            ticket.release()
        under_way = [one for one in under_way if one[0] > number]
        by_name = Counter(other for _, other, _ in under_way)
        limit = own if name == "a" else per_caller
        free_of_own = limit is None or by_name[name] < limit
        decision = allowed.admit(name, kind)
        if isinstance(decision, Ticket):
            under_way.append((number + length, name, decision))
            assert free_of_own
            assert len(under_way) <= most
        elif decision.caller is None:
            assert (decision.limit, decision.value, len(under_way)) == ("max_streams", most, most)
        else:
            assert not free_of_own
            assert (decision.caller, decision.limit, decision.value) == (name, "max_streams_per_caller", limit)
        assert allowed.streams == len(under_way)
    for _, _, ticket in under_way:
        ticket.release()
    assert allowed.streams == 0


async def test_a_call_that_would_wait_long_for_its_first_sample_is_refused() -> None:
    clock = Clock()
    quota = Quota(rows_per_second=0.25, images_per_second=100)
    allowed = Admission(10, Quotas(quota, {}), clock, clock.sleep)
    assert isinstance(allowed.admit("a", Kind.ROWS), Ticket)
    pace = allowed.pace("a", Kind.ROWS)
    assert pace
    await pace.wait(1)
    assert allowed.admit("a", Kind.ROWS) == Refusal("a", "rows_per_second_per_caller", 0.25, 4.0)
    # Images, and other callers, have paces of their own.
    assert isinstance(allowed.admit("a", Kind.IMAGES), Ticket)
    assert isinstance(allowed.admit("b", Kind.ROWS), Ticket)
    # When it is told to try again it need not wait at all; a little earlier it waits in the line.
    clock.now += 4.0 - PATIENCE_SECONDS
    assert isinstance(allowed.admit("a", Kind.ROWS), Ticket)
    before = clock.now
    await pace.wait(1)
    assert clock.now - before == pytest.approx(PATIENCE_SECONDS)


async def test_the_rate_of_all_callers_holds_beside_their_own() -> None:
    clock = Clock()
    quotas = Quotas(Quota(rows_per_second=8), {"free": Quota()})
    allowed = Admission(10, quotas, clock, clock.sleep, {Kind.ROWS: 4})
    assert allowed.pace("free", Kind.IMAGES) is None
    of_a, of_free = allowed.pace("a", Kind.ROWS), allowed.pace("free", Kind.ROWS)
    assert of_a
    assert of_free
    assert of_a.most == of_free.most == 1  # of the slower pace
    for _ in range(4):
        await of_a.wait(1)
    assert clock.now == 0  # a burst
    for _ in range(8):
        await of_free.wait(1)
    assert clock.now == pytest.approx(2.0)
    await of_a.wait(1)
    assert clock.now == pytest.approx(2.25)
    await of_free.wait(12)
    assert allowed.admit("a", Kind.ROWS) == Refusal(None, "rows_per_second", 4, 2.25)
    assert isinstance(allowed.admit("a", Kind.IMAGES), Ticket)


def test_callers_who_have_nothing_under_way_are_forgotten() -> None:
    clock = Clock()
    allowed = Admission(100, Quotas(Quota(rows_per_second=1), {}), clock, clock.sleep)
    kept = allowed.admit("kept", Kind.ROWS)
    assert isinstance(kept, Ticket)
    pace = allowed.pace("kept", Kind.ROWS)
    for number in range(5000):
        ticket = allowed.admit(f"other {number}", Kind.ROWS)
        assert isinstance(ticket, Ticket)
        ticket.release()
    assert allowed.remembered <= 1024
    # Who has a stream keeps its pace.
    assert allowed.pace("kept", Kind.ROWS) is pace
    assert allowed.streams == 1


def test_who_owes_is_not_forgotten() -> None:
    clock = Clock()
    allowed = Admission(100, Quotas(Quota(rows_per_second=0.01), {}), clock, clock.sleep)

    async def spend() -> None:
        pace = allowed.pace("spender", Kind.ROWS)
        assert pace
        await pace.wait(1)

    asyncio.run(spend())
    for number in range(3000):
        allowed.pace(f"other {number}", Kind.ROWS)
    assert isinstance(allowed.admit("spender", Kind.ROWS), Refusal)


def test_quotas_are_those_of_everybody_but_for_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(
        "max_streams_per_caller = 8\nmax_count = 1000\nrows_per_second_per_caller = 5e4\n"
        '[limits.reporting]\nmax_streams = 2\nmax_count = "unlimited"\n'
        '[limits."CN of a certificate"]\nrows_per_second = "unlimited"\nimages_per_second = 0.5\n'
    )
    found = quotas(config.load({"config": file, "model_repository": tmp_path}))
    assert found.of("somebody") == Quota(8, 1000, 5e4, None)
    assert found.of("reporting") == Quota(2, None, 5e4, None)
    assert found.of("CN of a certificate") == Quota(8, 1000, None, 0.5)


@pytest.mark.parametrize("line", ["max_streams = 0", "rows_per_second = 0", 'max_count = "much"', "rows = 4"])
def test_limits_that_cannot_be_meant_are_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(f"[limits.reporting]\n{line}\n")
    with pytest.raises(ValidationError) as caught:
        config.load({"config": file, "model_repository": tmp_path})
    assert {problem["loc"][:3] for problem in caught.value.errors()} == {
        ("limits", "reporting", line.partition(" ")[0])
    }


def test_without_settings_only_the_number_of_streams_is_bounded(tmp_path: Path) -> None:
    settings = config.load({"model_repository": tmp_path})
    assert settings.max_streams == 1000
    assert quotas(settings).of("anybody") == Quota(None, None, None, None)
