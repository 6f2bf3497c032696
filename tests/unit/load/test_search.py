import itertools

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.load.open_loop.search import CLOSE, MOST_STEPS, next_rate


def search(capacity: float, first: float, growth: float = 1.5, most: float = 1e6) -> list[tuple[float, bool]]:
    """All that is tried of a server that holds so much."""
    tried = [(first, first <= capacity)]
    while (rate := next_rate(tried, first, growth, most)) is not None:
        tried.append((rate, rate <= capacity))
    return tried


@given(first=st.floats(0.1, 100), times=st.floats(1, 1000), growth=st.floats(1.3, 10))
def test_it_ends_close_below_the_capacity(first: float, times: float, growth: float) -> None:
    capacity = first * times
    assume(times <= growth**20)
    tried = search(capacity, first, growth)
    held = max(rate for rate, held in tried if held)
    broken = min(rate for rate, held in tried if not held)
    assert held <= capacity < broken <= held * CLOSE
    assert len(tried) <= MOST_STEPS + 1


@given(first=st.floats(1, 100), part=st.floats(0.01, 0.99))
def test_a_start_that_was_too_high_is_gone_below(first: float, part: float) -> None:
    tried = search(first * part, first)
    assert max(rate for rate, held in tried if held) * CLOSE >= first * part


def test_what_holds_nothing_is_left() -> None:
    tried = search(0.0, 100.0)
    assert not any(held for _, held in tried)
    assert len(tried) < 15


@given(first=st.floats(1, 100), times=st.floats(1, 1000))
def test_a_rate_that_is_not_held_is_tried_twice_in_a_row(first: float, times: float) -> None:
    tried = search(first * times, first)
    for rate, tries in itertools.groupby(tried, key=lambda one: one[0]):
        assert len(list(tries)) == (1 if rate <= first * times else 2)


def test_a_bad_second_does_not_end_the_search() -> None:
    tried = [(100.0, True), (150.0, False), (150.0, True)]
    assert next_rate(tried, 100, 1.5, 1e6) == 225.0


def test_nothing_is_above_the_most() -> None:
    assert [rate for rate, _ in search(1e9, 100, 2, most=300)] == [100, 200, 300]


def test_rates_below_the_start_are_skipped() -> None:
    assert next_rate([(10.0, True)], 500, 1.5, 1e6) == 500
