"""Applies a function in several threads, and gives the results in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from synthserve_core.compute.cancellation import Cancellation

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_map(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int, cancellation: Cancellation
) -> Generator[Result, None, None]:
    """Applies a function to items in several threads, and yields the results in order.

    At most one item more than there are threads is in progress or waits for the reader, which bounds the memory.
    However the iteration ends, no thread is left. Close the iterator if it is not read to its end.

    Args:
        work: The function; it must be safe to use from several threads.
        items: Its arguments; read only as the work advances.
        threads: How many threads, at least 1. With one, the calling thread does the work.
        cancellation: Set at the end, so that work in progress stops.

    Yields:
        The results.

    Raises:
        Exception: The function failed; raised after the results of earlier items.
    """
    if threads == 1:
        yield from map(work, items)
        return
    ahead: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, "synthserve")
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        cancellation.cancel()
        pool.shutdown(cancel_futures=True)
