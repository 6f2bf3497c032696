"""Typed columns to rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve import Column, ProtocolError, TableSchema
from synthserve._samples.columns import rows
from synthserve.v1 import generation_pb2 as pb

CATEGORIES = ("a", "b", "c")
SCHEMA = TableSchema(
    (
        Column("double", "double", nullable=True),
        Column("int64", "int64", nullable=True),
        Column("category", "category", categories=CATEGORIES, nullable=True),
        Column("bool", "bool"),
    )
)

some_rows = st.lists(
    st.fixed_dictionaries(
        {
            "double": st.none() | st.floats(allow_nan=False),
            "int64": st.none() | st.integers(-(2**63), 2**63 - 1),
            "category": st.none() | st.sampled_from(CATEGORIES),
            "bool": st.booleans(),
        }
    ),
    max_size=20,
)


def encoded(table: list[dict[str, Any]], missing_code: int = 99) -> pb.GenerateRowsResponse:
    batch = pb.ColumnBatch()
    for column in SCHEMA.columns:
        values = [row[column.name] for row in table]
        out = batch.columns.add()
        if None in values:
            out.validity.extend(value is not None for value in values)
        if column.type == "double":
            out.doubles.values.extend(0.0 if value is None else value for value in values)
        elif column.type == "int64":
            out.int64s.values.extend(value or 0 for value in values)
        elif column.type == "bool":
            out.bools.values.extend(values)
        else:
            out.categories.codes.extend(missing_code if v is None else CATEGORIES.index(v) for v in values)
    return pb.GenerateRowsResponse(row_count=len(table), columns=batch)


@given(table=some_rows, missing_code=st.sampled_from([-1, 0, 99]))
def test_rows_come_back(table: list[dict[str, Any]], missing_code: int) -> None:
    assert list(rows(encoded(table, missing_code), SCHEMA)) == table


ROW = {"double": 1.0, "int64": 1, "category": "a", "bool": True}


@pytest.mark.parametrize("code", [-1, 3])
@pytest.mark.parametrize("with_missing", [False, True])
def test_a_code_that_is_none_is_told(code: int, with_missing: bool) -> None:
    message = encoded([ROW, {**ROW, "category": None}] if with_missing else [ROW, ROW])
    message.columns.columns[2].categories.codes[0] = code
    with pytest.raises(ProtocolError, match="outside its 3 categories"):
        list(rows(message, SCHEMA))


def test_columns_that_do_not_fit_are_told() -> None:
    message = encoded([ROW])
    del message.columns.columns[3]
    with pytest.raises(ProtocolError, match="expected 4 columns, got 3"):
        list(rows(message, SCHEMA))
    message = encoded([ROW])
    message.columns.columns[0].bools.values.append(True)
    with pytest.raises(ProtocolError, match="expected double, got bools"):
        list(rows(message, SCHEMA))
    message = encoded([ROW])
    message.row_count = 2
    with pytest.raises(ProtocolError, match="1 values for 2 rows"):
        list(rows(message, SCHEMA))
    message = encoded([ROW])
    message.columns.columns[0].validity.extend([True, False])
    with pytest.raises(ProtocolError, match="2 validity marks for 1 rows"):
        list(rows(message, SCHEMA))
    with pytest.raises(ProtocolError, match="expected 4 columns, got 0"):
        list(rows(pb.GenerateRowsResponse(row_count=1, data=b"x"), SCHEMA))
