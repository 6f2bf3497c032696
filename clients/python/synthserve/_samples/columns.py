"""From typed columns on the wire to rows, without NumPy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from synthserve._exceptions import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from synthserve._schema import Column, TableSchema
    from synthserve.v1 import generation_pb2 as pb

Value: TypeAlias = float | int | str | bool | date | datetime | None
"""One value of a row; None where it is missing."""

Row: TypeAlias = dict[str, Value]
"""One row, column name to value."""

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1).toordinal()

_UNREADABLE = {
    "category": "a code is outside its {count} categories",
    "string": "a text is not UTF-8",
    "date": "a date is outside the years 1 to 9999",
    "timestamp": "a timestamp is outside the years 1 to 9999",
}
"""What is the matter where a value cannot be read."""


def rows(response: pb.GenerateRowsResponse, schema: TableSchema) -> Iterator[Row]:
    """Reads the rows of one response, in order.

    Raises:
        ProtocolError: The columns do not fit the schema or the number of rows.
    """
    if not response.row_count:
        return
    columns = response.columns.columns
    if len(columns) != len(schema.columns):
        raise ProtocolError(f"expected {len(schema.columns)} columns, got {len(columns)}")
    names = [column.name for column in schema.columns]
    values = [
        _values(message, column, response.row_count) for message, column in zip(columns, schema.columns, strict=True)
    ]
    for row in zip(*values, strict=True):
        yield dict(zip(names, row, strict=True))


def _values(message: pb.ColumnValues, column: Column, count: int) -> Sequence[Value]:
    valid = message.validity
    if valid and len(valid) != count:
        raise ProtocolError(f"column {column.name!r}: {len(valid)} validity marks for {count} rows")
    stored, read = _stored(message, column)
    if len(stored) != count:
        raise ProtocolError(f"column {column.name!r}: {len(stored)} values for {count} rows")
    # The placeholders of missing values are not read.
    try:
        if not valid:
            return stored if read is None else [read(value) for value in stored]
        if read is None:
            return [value if ok else None for value, ok in zip(stored, valid, strict=True)]
        return [read(value) if ok else None for value, ok in zip(stored, valid, strict=True)]
    except (ValueError, OverflowError, KeyError):
        problem = _UNREADABLE[column.type].format(count=len(column.categories))
        raise ProtocolError(f"column {column.name!r}: {problem}") from None


def _stored(message: pb.ColumnValues, column: Column) -> tuple[Sequence[Any], Callable[[Any], Value] | None]:
    """Returns the values of a column as they are sent, and what reads one; None where there is nothing to read."""
    match column.type, message.WhichOneof("values"):
        case "double", "doubles":
            return message.doubles.values, None
        case "int64", "int64s":
            return message.int64s.values, None
        case "bool", "bools":
            return message.bools.values, None
        case "category", "categories":
            # A lookup table: a negative code must not count from the end of the list.
            return message.categories.codes, dict(enumerate(column.categories)).__getitem__
        case "string", "strings":
            return _texts(message.strings, column), bytes.decode
        case "date", "dates":
            return message.dates.days, _date
        case "timestamp", "timestamps":
            return message.timestamps.microseconds, _instant if column.utc else _local
        case expected, got:
            raise ProtocolError(f"column {column.name!r}: expected {expected}, got {got}")


def _texts(message: pb.StringValues, column: Column) -> list[bytes]:
    offsets, data = list(message.offsets), message.data
    ordered = all(start <= end for start, end in pairwise(offsets))
    if not offsets or offsets[0] != 0 or offsets[-1] != len(data) or not ordered:
        raise ProtocolError(f"column {column.name!r}: the offsets of its texts are not in order")
    return [data[start:end] for start, end in pairwise(offsets)]


def _date(days: int) -> date:
    return date.fromordinal(_FIRST_DAY + days)


def _local(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _instant(microseconds: int) -> datetime:
    return _EPOCH_UTC + timedelta(microseconds=microseconds)
