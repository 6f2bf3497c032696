from collections.abc import Iterator

import polars as pl
import pytest

from synthserve_training.data.reading.gathering import one_ahead
from synthserve_training.errors import ReadingError


def frames(count: int, read: list[int]) -> Iterator[pl.DataFrame]:
    for number in range(count):
        read.append(number)
        yield pl.DataFrame({"number": [number]})
    if count == 3:
        raise ReadingError("line 4: it has no cells")


def test_chunks_come_in_order_and_one_ahead_only() -> None:
    read: list[int] = []
    for number, frame in enumerate(one_ahead(frames(5, read))):
        assert frame["number"].to_list() == [number]
        assert len(read) <= number + 2
    assert read == [0, 1, 2, 3, 4]


def test_an_error_comes_behind_the_chunks_before_it() -> None:
    seen = 0
    with pytest.raises(ReadingError, match="line 4"):
        for _ in one_ahead(frames(3, [])):
            seen += 1
    assert seen == 3


def test_what_is_left_is_not_read() -> None:
    read: list[int] = []
    chunks = one_ahead(frames(100, read))
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(read) <= 3
