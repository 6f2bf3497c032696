"""Columns of more distinct values than are kept: what decides is found in all rows."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.training.data.inspection.sources import Rows

from synthserve_training.data.inspection import ColumnProfile, inspect
from synthserve_training.data.inspection.formats import numbers
from synthserve_training.tables.columns import ColumnOptions, ColumnType

COUNT = 160_000

PLAIN = [
    ColumnOptions(name="x", type=ColumnType.INTEGER),
    ColumnOptions(name="x", type=ColumnType.DECIMAL, decimals=2),
    ColumnOptions(name="x", type=ColumnType.DECIMAL, decimals=3, fixed_decimals=True, decimal_mark=","),
]


@settings(max_examples=20)
@given(st.data())
@pytest.mark.parametrize("options", PLAIN, ids=["integer", "decimal", "comma"])
def test_what_is_certainly_a_number_is_read(options: ColumnOptions, data: st.DataObject) -> None:
    pattern = numbers.plain_pattern(options)
    assert pattern is not None
    texts = pl.Series(
        data.draw(st.lists(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True), min_size=1, max_size=9))
    )
    assert not numbers.read(texts, options).null_count()
    assert not numbers.leading_zeros(texts)
    if options.decimals is not None:
        assert numbers.decimals(texts, options).max() <= options.decimals  # type: ignore[operator]


def inspected(*cells: str) -> ColumnProfile:
    """A long column of whole numbers with other cells at its end."""
    texts = pl.int_range(COUNT, eager=True).cast(pl.String).append(pl.Series(list(cells), dtype=pl.String))
    return inspect(Rows(pl.DataFrame({"x": texts, "y": "1"}), chunk=40_000)).columns[0]


@pytest.mark.parametrize(
    ("late", "kind", "missing"),
    [
        (["", " 7 ", "?", "?"], ColumnType.INTEGER, 3),
        (["-999"] * 300, ColumnType.INTEGER, 300),
        (["1.5", "2.25"], ColumnType.DECIMAL, 0),
        (["A-12"] * 4_000, ColumnType.ID, 0),
    ],
)
def test_late_cells_decide(late: list[str], kind: ColumnType, missing: int) -> None:
    found = inspected(*late)
    assert (found.options.type, found.missing, found.rows) == (kind, missing, COUNT + len(late))
    assert found.distinct == pytest.approx(COUNT, rel=0.001)
