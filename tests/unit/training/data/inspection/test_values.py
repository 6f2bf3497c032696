"""Values of columns, counted in bounded memory."""

import numpy as np
import polars as pl
import pytest

from synthserve_training.data.inspection.values import ColumnValues, Distinct, Values


def nothing_tells(_values: Values) -> object:
    return lambda frame: pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)


def words_tell(_values: Values) -> object:
    return lambda frame: frame["text"].str.contains("[a-z]")


def test_few_values_are_all_kept_with_their_counts() -> None:
    values = ColumnValues(100, 100, nothing_tells)  # type: ignore[arg-type]
    for cells in (["b ", "a", None], ["", "b", "c"]):
        values.add(pl.Series(cells, dtype=pl.String))
    found = values.values()
    assert found.table.select("text", "rows", "first").rows() == [("b", 2, 0), ("a", 1, 1), ("c", 1, 5)]
    assert (found.rows, found.empty, found.beyond, found.distinct, found.exact) == (6, 2, 0, 3, True)


def test_beyond_the_limit_rows_are_counted_and_what_tells_is_kept() -> None:
    values = ColumnValues(1_000, 50_000, words_tell)  # type: ignore[arg-type]
    numbers = [str(index) for index in range(160_000)]
    for first in range(0, 160_000, 60_000):
        values.add(pl.Series(numbers[first : first + 60_000]))
    values.add(pl.Series(["late", "0"]))
    found = values.values()
    assert found.rows == 160_002
    assert int(found.table["rows"].sum()) + found.beyond == 160_002
    assert "late" in found.table["text"]
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
