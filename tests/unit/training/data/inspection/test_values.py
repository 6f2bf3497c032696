"""Values of columns, counted in bounded memory."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from synthserve_training.data.inspection.values import ColumnValues, Distinct, Telling, Values


def nothing_tells(_values: Values) -> Telling:
    return Telling(lambda texts: pl.repeat(False, len(texts), dtype=pl.Boolean, eager=True))


def words_tell(_values: Values) -> Telling:
    return Telling(lambda texts: texts.str.contains("[a-z]"))


def words_tell_and_numbers_are_ordinary(_values: Values) -> Telling:
    return Telling(
        lambda texts: texts.str.contains("[a-z]"), lambda texts: texts.str.contains(r"^\d+$").fill_null(False)
    )


def test_few_values_are_all_kept_with_their_counts() -> None:
    values = ColumnValues(100, 100, nothing_tells)
    for cells in (["b ", "a", None], ["", "b", "c"]):
        values.add(pl.Series(cells, dtype=pl.String))
    found = values.values()
    assert found.table.select("text", "rows", "first").rows() == [("b", 2, 0), ("a", 1, 1), ("c", 1, 5)]
    assert (found.rows, found.empty, found.beyond, found.distinct, found.exact) == (6, 2, 0, 3, True)


@pytest.mark.parametrize("telling", [words_tell, words_tell_and_numbers_are_ordinary])
def test_beyond_the_limit_rows_are_counted_and_what_tells_is_kept(telling: Callable[[Values], Telling]) -> None:
    values = ColumnValues(1_000, 50_000, telling)
    numbers = [str(index) for index in range(160_000)]
    for first in range(0, 160_000, 60_000):
        values.add(pl.Series(numbers[first : first + 60_000]))
    values.add(pl.Series(["late", "0", " 1 ", "late ", None, ""]))
    found = values.values()
    assert found.rows == 160_006
    assert found.empty == 2
    assert int(found.table["rows"].sum()) + found.beyond == 160_004
    assert found.table.filter(pl.col("text") == "late").select("rows", "first").rows() == [(2, 160_000)]
    assert found.table.height < 70_000
    assert not found.exact
    assert found.distinct == pytest.approx(160_001, rel=0.03)


@pytest.mark.parametrize("count", [0, 1, 999, 1_000])
def test_distinct_values_are_counted_exactly_up_to_the_limit(count: int) -> None:
    distinct = Distinct(1_000)
    hashes = pl.Series(range(count), dtype=pl.Int64).hash(seed=0).to_numpy()
    for part in np.array_split(np.concatenate([hashes, hashes]), 7):
        distinct.add(part)
    assert distinct.count() == (count, True)
