"""Typed columns to rows."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
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
        Column("string", "string", nullable=True),
        Column("date", "date", nullable=True),
        Column("local", "timestamp", nullable=True),
        Column("instant", "timestamp", nullable=True, utc=True),
    )
)

some_rows = st.lists(
    st.fixed_dictionaries(
        {
            "double": st.none() | st.floats(allow_nan=False),
            "int64": st.none() | st.integers(-(2**63), 2**63 - 1),
            "category": st.none() | st.sampled_from(CATEGORIES),
            "bool": st.booleans(),
            "string": st.none() | st.text(st.characters(codec="utf-8")),
            "date": st.none() | st.dates(),
            "local": st.none() | st.datetimes(),
            "instant": st.none() | st.datetimes(timezones=st.just(UTC)),
        }
    ),
    max_size=20,
)


def micros(value: datetime | None) -> int:
    """The number of a timestamp; of a missing one a number that no timestamp has."""
    if value is None:
        return -(2**63)
    return (value - datetime(1970, 1, 1, tzinfo=value.tzinfo)) // timedelta(microseconds=1)


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
        elif column.type == "string":
            texts = [b"\xff" if value is None else value.encode() for value in values]
            out.strings.offsets.extend(itertools.accumulate(map(len, texts), initial=0))
            out.strings.data = b"".join(texts)
        elif column.type == "date":
            out.dates.days.extend(2**31 - 1 if v is None else (v - date(1970, 1, 1)).days for v in values)
        elif column.type == "timestamp":
            out.timestamps.microseconds.extend(map(micros, values))
        else:
            out.categories.codes.extend(missing_code if v is None else CATEGORIES.index(v) for v in values)
    return pb.GenerateRowsResponse(row_count=len(table), columns=batch)


@given(table=some_rows, missing_code=st.sampled_from([-1, 0, 99]))
def test_rows_come_back(table: list[dict[str, Any]], missing_code: int) -> None:
    assert list(rows(encoded(table, missing_code), SCHEMA)) == table


ROW = {
    "double": 1.0,
    "int64": 1,
    "category": "a",
    "bool": True,
    "string": "é",
    "date": date(2024, 2, 29),
    "local": datetime(2024, 2, 29, 12, 30, 0, 5),
    "instant": datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
}
STRING, DATE, LOCAL, INSTANT = 4, 5, 6, 7


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
    with pytest.raises(ProtocolError, match="expected 8 columns, got 7"):
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
    with pytest.raises(ProtocolError, match="expected 8 columns, got 0"):
        list(rows(pb.GenerateRowsResponse(row_count=1, data=b"x"), SCHEMA))


@pytest.mark.parametrize(
    "offsets",
    [[], [0], [0, 2], [1, 2, 4], [0, 3, 2], [0, 2, 3], [0, 2, 5], [0, -1, 4], [0, 5, 4], [0, 2, 4, 4], [2**31 - 1] * 3],
)
def test_offsets_out_of_order_are_told(offsets: list[int]) -> None:
    message = encoded([ROW, ROW])
    del message.columns.columns[STRING].strings.offsets[:]
    message.columns.columns[STRING].strings.offsets.extend(offsets)
    with pytest.raises(
        ProtocolError, match=r"column 'string': (the offsets of its texts are not in order|1 values|3 val)"
    ):
        list(rows(message, SCHEMA))


def test_a_text_that_is_not_utf8_is_told() -> None:
    message = encoded([ROW, ROW])
    message.columns.columns[STRING].strings.data = b"\xc3\xa9\xff\xff"
    with pytest.raises(ProtocolError, match="column 'string': a text is not UTF-8"):
        list(rows(message, SCHEMA))
    # One that is cut in the middle of a character.
    message = encoded([ROW, ROW])
    message.columns.columns[STRING].strings.offsets[1] = 1
    with pytest.raises(ProtocolError, match="column 'string': a text is not UTF-8"):
        list(rows(message, SCHEMA))


@pytest.mark.parametrize("days", [-719_163, 2_932_897, -(2**31), 2**31 - 1])
def test_a_date_outside_of_the_years_is_told(days: int) -> None:
    message = encoded([ROW])
    message.columns.columns[DATE].dates.days[0] = days
    with pytest.raises(ProtocolError, match="column 'date': a date is outside the years 1 to 9999"):
        list(rows(message, SCHEMA))


@pytest.mark.parametrize("column", [LOCAL, INSTANT])
@pytest.mark.parametrize("number", [-62_135_596_800_000_001, 253_402_300_800_000_000, -(2**63), 2**63 - 1])
def test_a_timestamp_outside_of_the_years_is_told(column: int, number: int) -> None:
    message = encoded([ROW])
    message.columns.columns[column].timestamps.microseconds[0] = number
    with pytest.raises(ProtocolError, match="a timestamp is outside the years 1 to 9999"):
        list(rows(message, SCHEMA))


def test_the_first_and_the_last_moment() -> None:
    for moment in (datetime.min, datetime.max):
        row = {**ROW, "date": moment.date(), "local": moment, "instant": moment.replace(tzinfo=UTC)}
        assert list(rows(encoded([row]), SCHEMA)) == [row]


def test_a_type_of_a_newer_server_is_told() -> None:
    schema = TableSchema((*SCHEMA.columns[:-1], Column("instant", "unknown")))
    with pytest.raises(ProtocolError, match="column 'instant': expected unknown, got timestamps"):
        list(rows(encoded([ROW]), schema))
