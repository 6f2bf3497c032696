"""From typed columns on the wire to rows, without NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from synthserve._exceptions import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from synthserve._models import Column, TableSchema
    from synthserve.v1 import generation_pb2 as pb

Value: TypeAlias = float | int | str | bool | None
"""One value of a row; None where it is missing."""

Row: TypeAlias = dict[str, Value]
"""One row, column name to value."""


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
    values: Sequence[Value]
    match column.type, message.WhichOneof("values"):
        case "double", "doubles":
            values = message.doubles.values
        case "int64", "int64s":
            values = message.int64s.values
        case "bool", "bools":
            values = message.bools.values
        case "category", "categories":
            values = _labels(message.categories.codes, valid, column)
        case expected, got:
            raise ProtocolError(f"column {column.name!r}: expected {expected}, got {got}")
    if len(values) != count:
        raise ProtocolError(f"column {column.name!r}: {len(values)} values for {count} rows")
    if not valid:
        return values
    return [value if ok else None for value, ok in zip(values, valid, strict=True)]


def _labels(codes: Sequence[int], valid: Sequence[bool], column: Column) -> list[Value]:
    # A table with None for what is no code: a negative one must not count from the end, and what stands where a
    # value is missing means nothing.
    labels = dict(enumerate(column.categories))
    found = [labels.get(code) for code in codes]
    if None in found and any(
        label is None and (not valid or ok) for label, ok in zip(found, valid or [True] * len(found), strict=False)
    ):
        raise ProtocolError(f"column {column.name!r}: a code is outside its {len(labels)} categories")
    return list(found)
