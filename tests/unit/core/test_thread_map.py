"""A function in several threads: its results in order, and how the iteration ends."""

import threading
from collections.abc import Iterator

import pytest

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.thread_map import thread_map
from synthserve_core.errors import CancelledWorkError

THREADS = [1, 2, 5]


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_results_come_in_order(threads: int, count: int) -> None:
    assert list(thread_map(lambda n: n * n, range(count), threads, Cancellation())) == [n * n for n in range(count)]


def test_the_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3)
    assert sorted(thread_map(lambda _: together.wait(10), range(6), 3, Cancellation())) == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("threads", THREADS)
def test_items_are_read_as_the_results_are(threads: int) -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for n in range(100):
            read.append(n)
            yield n

    results = thread_map(lambda n: n, items(), threads, Cancellation())
    assert not read
    for n in range(20):
        assert next(results) == n
        assert len(read) <= n + 1 + threads
    results.close()


@pytest.mark.parametrize("threads", THREADS)
def test_an_error_comes_after_the_results_before_it(threads: int) -> None:
    def work(n: int) -> int:
        if n >= 7:
            raise RuntimeError(f"item {n}")
        return n

    results = thread_map(work, range(100), threads, Cancellation())
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(RuntimeError, match="item 7"):
        next(results)
    assert list(results) == []


def test_an_error_stops_the_work_in_progress() -> None:
    """An item of the second thread waits until it is cancelled; else this test would not end."""
    before, cancellation, begun = set(threading.enumerate()), Cancellation(), threading.Event()

    def work(n: int) -> int:
        if n == 0:
            begun.wait(10)
            raise RuntimeError("item 0")
        _until_cancelled(cancellation, begun)
        return n

    with pytest.raises(RuntimeError, match="item 0"):
        next(thread_map(work, range(100), 2, cancellation))
    assert set(threading.enumerate()) <= before


def test_closing_stops_the_work_in_progress() -> None:
    before, cancellation, begun = set(threading.enumerate()), Cancellation(), threading.Event()

    def work(n: int) -> int:
        if n:
            _until_cancelled(cancellation, begun)
        return n

    results = thread_map(work, range(100), 2, cancellation)
    assert next(results) == 0
    begun.wait(10)
    results.close()
    assert set(threading.enumerate()) <= before


def _until_cancelled(cancellation: Cancellation, begun: threading.Event) -> None:
    stop = threading.Event()
    with cancellation.interrupting(stop.set):
        begun.set()
        assert stop.wait(10)
    raise CancelledWorkError
