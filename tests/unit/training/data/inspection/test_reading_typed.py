"""Rows as a recipe says what their columns are."""

import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.training.data.inspection.sources import Rows, rows

from synthserve_training.data.inspection import inspect, read_typed
from synthserve_training.data.reading import open_table
from synthserve_training.errors import DatasetError
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role


def column(kind: str, **options: object) -> ColumnOptions:
    return ColumnOptions(name="a", type=ColumnType(kind), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "cells", "values", "valid"),
    [
        (column("integer", missing=("?",)), [" 7", "?", "", "-3 "], [7, 0, 0, -3], [1, 0, 0, 1]),
        (column("integer", grouping=",", parentheses=True), ["(1,234)", "5"], [-1234, 5], [1, 1]),
        (column("decimal", decimal_mark=",", grouping=".", suffix="%"), ["1.234,5 %", "-2%"], [1234.5, -2.0], [1, 1]),
        (column("boolean", true=("Y",), false=("N", "n")), ["Y", "n", "N", ""], [1, 0, 0, 0], [1, 1, 1, 0]),
        (column("date", patterns=("%d/%m/%y",), century=1927), ["1/2/62", "31/12/06"], [-2891, 13_513], [1, 1]),
        (
            column("timestamp", patterns=("epoch:ms", "epoch:s")),
            ["1502928000.0", "1585612800000"],
            [1_502_928_000_000_000, 1_585_612_800_000_000],
            [1, 1],
        ),
        (column("time", patterns=("%H:%M:%S",)), ["25:00:01", "00:00:00"], [90_001_000_000, 0], [1, 1]),
        (column("empty"), ["", ""], [0, 0], [0, 0]),
        (column("constant", value="x"), ["x", "x"], [0, 0], [1, 1]),
    ],
)
def test_values(options: ColumnOptions, cells: list[str], values: list[float], valid: list[int]) -> None:
    table, total = read_typed(rows({"a": cells}, chunk=2), [options])
    found = table["a"]
    assert total == len(cells)
    assert found.valid.tolist() == [bool(one) for one in valid]
    assert found.values[found.valid].tolist() == [value for value, one in zip(values, valid, strict=True) if one]


def test_texts_are_sorted_and_indexed_over_all_chunks() -> None:
    cells = ["pear", "", "apple ", "pear", "fig"]
    table, _ = read_typed(rows({"a": cells}, chunk=2), [column("category")])
    found = table["a"]
    assert found.texts == ("apple", "fig", "pear")
    assert [found.texts[value] if valid else "" for value, valid in zip(found.values, found.valid, strict=True)] == [
        cell.strip() for cell in cells
    ]


def test_columns_that_are_not_learnt_are_left_out() -> None:
    dropped = ColumnOptions(name="b", type=ColumnType.TEXT, role=Role.DROP)
    ruled = ColumnOptions(name="c", type=ColumnType.TEXT, role=Role.RULE, rule={"kind": "text"})
    table, _ = read_typed(rows({"a": ["1"], "b": ["x"], "c": ["y"]}), [column("integer"), dropped, ruled])
    assert [one.options.name for one in table.columns] == ["a"]


def test_a_renamed_column_is_read_from_its_source() -> None:
    options = ColumnOptions(name="age", source="a", type=ColumnType.INTEGER)
    assert read_typed(rows({"a": ["7"]}), [options])[0]["age"].values.tolist() == [7]


def test_a_value_that_cannot_be_read_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('name,n\n"two\nlines",1\nx,2\ny,oops\n')
    with pytest.raises(DatasetError, match=r"rows\.csv, line 5, column 'n': 'oops' is no integer"):
        read_typed(open_table(str(file)), [ColumnOptions(name="n", type=ColumnType.INTEGER)])


def test_a_column_that_is_missing_is_an_error() -> None:
    with pytest.raises(DatasetError, match="no column 'agee': did you mean age"):
        read_typed(rows({"age": ["1"]}), [ColumnOptions(name="agee", type=ColumnType.INTEGER)])


@settings(max_examples=20)
@given(st.integers(1, 60), st.integers(1, 25), st.integers(1, 70), st.integers(0, 5))
def test_a_sample_is_of_different_rows_in_their_order(count: int, chunk: int, size: int, seed: int) -> None:
    source = rows({"a": [str(index) for index in range(count)]}, chunk=chunk)
    table, total = read_typed(source, [column("integer")], rows=size, seed=seed)
    values = table["a"].values.tolist()
    assert total == count
    assert len(values) == min(size, count)
    assert values == sorted(set(values))


def test_each_row_is_in_a_sample_as_often() -> None:
    source = rows({"a": [str(index) for index in range(40)]}, chunk=20)
    counts = np.zeros(40)
    for seed in range(160):
        counts[read_typed(source, [column("integer")], rows=10, seed=seed)[0]["a"].values] += 1
    # 40 of 160 are expected; five standard deviations are 27.
    assert counts.min() > 13
    assert counts.max() < 67


def test_a_sample_is_the_same_however_rows_are_chunked() -> None:
    cells = {"a": [str(index) for index in range(500)]}
    first, second = (
        read_typed(rows(cells, chunk=chunk), [column("integer")], rows=50, seed=3)[0] for chunk in (7, 100)
    )
    assert first["a"].values.tolist() == second["a"].values.tolist()


@settings(max_examples=20)
@given(st.integers(1, 60), st.integers(1, 25), st.integers(1, 70), st.integers(0, 5))
def test_an_unchecked_sample_is_of_the_same_rows(count: int, chunk: int, size: int, seed: int) -> None:
    cells = {"a": [str(row) for row in range(count)], "t": [f"t{row % 7}" for row in range(count)]}
    columns = [column("integer"), ColumnOptions(name="t", type=ColumnType.CATEGORY)]
    tables = [
        read_typed(rows(cells, chunk=chunk), columns, rows=size, seed=seed, checked=checked)[0]
        for checked in (True, False)
    ]
    for one, other in zip(tables[0].columns, tables[1].columns, strict=True):
        assert one.texts == other.texts
        assert np.array_equal(one.values, other.values)


def test_a_value_of_an_unchecked_sample_is_named_with_its_line() -> None:
    cells = {"a": [*map(str, range(30)), *["x"] * 30]}
    with pytest.raises(DatasetError, match=r"line (3[2-9]|[45]\d|6[01]), column 'a': 'x'"):
        read_typed(rows(cells, chunk=60), [column("integer")], rows=40, checked=False)


def test_typed_sources_are_read_as_their_values() -> None:
    frame = pl.DataFrame(
        {
            "n": [1, None, 3],
            "x": [0.1, float("nan"), 2.5],
            "day": [datetime.date(2020, 1, 2), None, datetime.date(1999, 12, 31)],
            "at": [datetime.datetime(2020, 1, 2, 3, 4, 5, 678_900), None, datetime.datetime(1950, 1, 1)],
            "yes": [True, None, False],
            "code": ["12", None, "13"],
        }
    )
    source = Rows(frame, file_format="parquet")
    found = inspect(source)
    kinds = [str(one.options.type) for one in found.columns]
    assert kinds == ["integer", "decimal", "date", "timestamp", "boolean", "id"]
    assert [one.missing for one in found.columns] == [1] * 6
    table, _ = read_typed(source, [one.options for one in found.columns])
    assert table["n"].values[[0, 2]].tolist() == [1, 3]
    assert table["x"].values[[0, 2]].tolist() == [0.1, 2.5]
    assert table["day"].values[[0, 2]].tolist() == [18_263, 10_956]
    assert table["at"].values[[0, 2]].tolist() == [1_577_934_245_678_900, -631_152_000_000_000]


@settings(max_examples=20)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_that_python_writes_are_read_as_they_were(numbers: list[float]) -> None:
    table, _ = read_typed(rows({"a": list(map(repr, numbers))}), [column("decimal")])
    assert table["a"].values.tolist() == numbers


@settings(max_examples=20)
@given(
    st.lists(st.dates(), min_size=1, max_size=20),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d", "%Y-%j"]),
)
def test_days_of_the_calendar_are_read_as_they_were(days: list[datetime.date], pattern: str) -> None:
    cells = [day.strftime(pattern.replace("%Y", f"{day.year:04d}")) for day in days]
    table, _ = read_typed(rows({"a": cells}), [column("date", patterns=(pattern,))])
    assert table["a"].values.tolist() == [(day - datetime.date(1970, 1, 1)).days for day in days]
