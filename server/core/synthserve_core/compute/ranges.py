"""Cuts a stream into the index ranges of its messages."""

from collections.abc import Iterator


def cut(start: int, stop: int, first: int, size: int) -> Iterator[tuple[int, int]]:
    """Cuts `[start, stop)` into a small first frame and larger ones, which end at multiples of `size`.

    Frames that end at fixed indices coincide with the blocks of noise and the runs of the graph, so that almost nothing
    is computed twice.

    Args:
        start: The first index.
        stop: The index after the last one.
        first: The maximum length of the first frame, at least 1.
        size: The maximum length of a frame, at least 1.

    Yields:
        First index and length of each frame; an empty range gives one frame of length 0.
    """
    low, high = start, min(stop, start + min(first, size))
    yield low, high - low
    while high < stop:
        low, high = high, min(stop, high - high % size + size)
        yield low, high - low
