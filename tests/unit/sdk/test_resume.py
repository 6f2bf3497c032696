"""Whatever breaks, a stream gives each index once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve import InvalidRequest, ProtocolError, RetryPolicy, ServerError, Unavailable
from synthserve._samples.kinds import ROWS
from synthserve._transport.resume import Resume
from synthserve.v1 import generation_pb2 as pb

VERSION = "models/m/versions/4"
NO_WAIT = RetryPolicy(start_attempts=1000, resume_attempts=1000, initial_backoff=0.0, max_backoff=0.0)

Rows = Resume[pb.GenerateRowsRequest, pb.GenerateRowsResponse]


def resume(request: pb.GenerateRowsRequest, policy: RetryPolicy = NO_WAIT) -> Rows:
    return Resume(request, ROWS.size, ROWS.assemble, policy)


def response(first: int, count: int, *, info: bool = False, seed: int = 9) -> pb.GenerateRowsResponse:
    message = pb.GenerateRowsResponse(first_index=first, row_count=count)
    if info:
        message.info.CopyFrom(pb.RowStreamInfo(model=VERSION, seed=seed, preamble=b"head"))
    return message


@dataclass
class Attempt:
    """A call that sends messages of these sizes, and then breaks (if anything is missing)."""

    sizes: list[int]


attempts = st.lists(st.builds(Attempt, st.lists(st.integers(1, 9), max_size=5)), max_size=12)


@given(
    attempts=attempts,
    rest=st.integers(1, 9),
    offset=st.integers(0, 2**62),
    count=st.integers(0, 60),
    seed=st.none() | st.integers(0, 2**63 - 1),
)
def test_any_breaks_give_each_index_once(
    attempts: list[Attempt], rest: int, offset: int, count: int, seed: int | None
) -> None:
    state = resume(pb.GenerateRowsRequest(model="models/m", offset=offset, count=count, seed=seed))
    drawn = itertools.count(100)
    seen: list[int] = []
    infos: list[tuple[str, int]] = []

    def play(sizes: list[int]) -> None:
        request = state.request()
        assert request.offset + request.count == offset + count
        sent_seed = request.seed if request.HasField("seed") else next(drawn)
        first, left = request.offset, request.count
        for number, size in enumerate(sizes):
            if number and not left:
                break
            size = min(size, left)
            got = state.accept(response(first, size, info=number == 0, seed=sent_seed))
            assert got is not None
            seen.extend(range(got.first_index, got.first_index + got.row_count))
            if got.HasField("info"):
                infos.append((got.info.model, got.info.seed))
            first, left = first + size, left - size

    for attempt in attempts:
        play(attempt.sizes)
        wait = state.broken(Unavailable("broken"))
        assert (wait is None) == state.complete
        if wait is None:
            break
        assert len(seen) == state.next_index - offset
    else:
        play([rest] * (count + 1))
        state.finish()

    assert seen == list(range(offset, offset + count))
    assert len(infos) == 1
    if seed is not None:
        assert infos == [(VERSION, seed)]


@given(attempts=attempts)
def test_later_calls_carry_version_and_seed_of_the_first_response(attempts: list[Attempt]) -> None:
    conditions = [pb.Condition(column="a", equals="b"), pb.Condition(column="c", missing=False)]
    state = resume(pb.GenerateRowsRequest(model="models/m", conditions=conditions))
    settled: int | None = None
    for number, attempt in enumerate(attempts):
        request = state.request()
        assert list(request.conditions) == conditions
        assert not request.HasField("count")
        if settled is None:
            assert (request.model, request.HasField("seed"), request.offset) == ("models/m", False, 0)
        else:
            assert (request.model, request.seed) == (VERSION, settled)
        for position, size in enumerate(attempt.sizes):
            settled = number if settled is None else settled
            state.accept(response(state.next_index, size, info=position == 0, seed=settled))
        state.broken(Unavailable("broken"))


def test_the_caller_s_request_is_left_alone() -> None:
    request = pb.GenerateRowsRequest(model="models/m", count=9)
    before = pb.GenerateRowsRequest(model="models/m", count=9)
    state = resume(request)
    state.accept(response(0, 3, info=True))
    assert state.request() != before
    assert request == before


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (response(4, 1), "expected samples from index 3, got 1 from 4"),
        (response(2, 1), "expected samples from index 3, got 1 from 2"),
        (response(3, -1), "got -1 from 3"),
        (response(3, 8), "asked for samples up to index 10, got 11"),
        (response(3, 1, info=True, seed=8), "with seed 9, got .* with seed 8"),
    ],
)
def test_what_does_not_follow_is_refused(bad: pb.GenerateRowsResponse, match: str) -> None:
    state = resume(pb.GenerateRowsRequest(model="models/m", count=10))
    state.accept(response(0, 3, info=True))
    with pytest.raises(ProtocolError, match=match):
        state.accept(bad)


def test_a_first_response_without_info_is_refused() -> None:
    with pytest.raises(ProtocolError, match="neither model version nor seed"):
        resume(pb.GenerateRowsRequest(model="models/m", count=10)).accept(response(0, 3))


def test_another_version_than_asked_for_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"asked for models/m/versions/3 .* got models/m/versions/4"):
        resume(pb.GenerateRowsRequest(model="models/m/versions/3")).accept(response(0, 3, info=True))


def test_an_early_end_is_refused() -> None:
    counted = resume(pb.GenerateRowsRequest(model="models/m", count=10))
    counted.accept(response(0, 3, info=True))
    with pytest.raises(ProtocolError, match="ended at index 3, but 10 was asked for"):
        counted.finish()
    endless = resume(pb.GenerateRowsRequest(model="models/m"))
    with pytest.raises(ProtocolError, match="the call was not cancelled"):
        endless.finish()


def test_nothing_asked_for_still_needs_its_one_response() -> None:
    state = resume(pb.GenerateRowsRequest(model="models/m", count=0))
    assert state.broken(Unavailable("broken")) is not None
    state.accept(response(0, 0, info=True))
    assert state.broken(Unavailable("broken")) is None
    state.finish()


def test_only_unavailable_is_tried_again_and_only_so_often() -> None:
    policy = RetryPolicy(start_attempts=2, resume_attempts=3, initial_backoff=0.0, max_backoff=0.0)
    state = resume(pb.GenerateRowsRequest(model="models/m", count=10), policy)
    assert state.broken(Unavailable("first")) == 0
    with pytest.raises(Unavailable, match="second"):
        state.broken(Unavailable("second"))

    state = resume(pb.GenerateRowsRequest(model="models/m", count=10), policy)
    for first in range(4):
        state.accept(response(first, 1, info=first == 0))
        assert state.broken(Unavailable("again")) == 0
        assert state.broken(Unavailable("again")) == 0
    with pytest.raises(Unavailable) as raised:
        state.broken(Unavailable("last"))
    assert raised.value.__notes__ == ["gave up after 3 attempts", "the stream broke at index 4"]

    for error in (ServerError("no"), InvalidRequest("no")):
        with pytest.raises(type(error)):
            resume(pb.GenerateRowsRequest(model="models/m"), policy).broken(error)
