"""Chunks of wide tables are joined, so that what a chunk costs for each column is paid seldom."""

from collections.abc import Iterator
from itertools import islice

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve_training.data.reading.gathering import gathered, one_ahead
from synthserve_training.data.reading.layout import unique_names
from synthserve_training.errors import ReadingError


@given(st.lists(st.integers(0, 9_000), max_size=30))
def test_all_rows_are_kept_in_their_order(heights: list[int]) -> None:
    rows = pl.DataFrame({"row": pl.int_range(sum(heights), eager=True)})
    starts = [sum(heights[:index]) for index in range(len(heights))]
    joined = list(gathered(rows[start : start + height] for start, height in zip(starts, heights, strict=True)))
    assert [row for chunk in joined for row in chunk["row"].to_list()] == list(range(sum(heights)))


@pytest.mark.parametrize(("height", "chunks"), [(160, 13), (1_000, 13), (4_096, 50), (40_000, 100)])
def test_small_chunks_become_few(height: int, chunks: int) -> None:
    chunk = pl.DataFrame({"row": pl.repeat(0, height, eager=True)})
    assert len(list(gathered(chunk for _ in range(100)))) == chunks


def test_names_that_repeat_get_numbers_that_are_free() -> None:
    names, notes = unique_names(["x", "x_3", "x", "x", "", "column_5", "x"])
    assert names == ("x", "x_3", "x_2", "x_4", "column_5_2", "column_5", "x_5")
    assert len(notes) == 4


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
    chunks = one_ahead(frames(3, []))
    assert [frame["number"][0] for frame in islice(chunks, 3)] == [0, 1, 2]
    with pytest.raises(ReadingError, match="line 4"):
        next(chunks)


def test_what_is_left_is_not_read() -> None:
    read: list[int] = []
    chunks = one_ahead(frames(100, read))
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(read) <= 3
