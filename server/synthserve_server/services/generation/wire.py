"""Serialises arrays as GenerateRowsResponse messages, with one copy of their memory and no loop over the values.

It follows the protobuf encoding specification (protobuf.dev/programming-guides/encoding): a packed repeated field of
fixed-width values is its number and length, followed by the little-endian memory of an array. The field numbers are
those of the contract.
"""

from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.generation_pb2 import (
    BoolValues,
    CategoryCodes,
    ColumnBatch,
    ColumnValues,
    DateValues,
    DoubleValues,
    GenerateRowsResponse,
    Int64Values,
    StringValues,
    TimestampValues,
)
from synthserve_core.contract.model import Arrays, Column, ColumnType, Table
from synthserve_core.contract.texts import texts_of

_VARINT, _DELIMITED = 0, 2

Parts: TypeAlias = list[bytes | memoryview]
"""Pieces of a message, in order."""

# For each type: the number of the member of ColumnValues.values, the number of its field, and the dtype on the wire.
_FIELDS: dict[ColumnType, tuple[int, int, np.dtype[Any]]] = {
    ColumnType.DOUBLE: (ColumnValues.DOUBLES_FIELD_NUMBER, DoubleValues.VALUES_FIELD_NUMBER, np.dtype("<f8")),
    ColumnType.INT64: (ColumnValues.INT64S_FIELD_NUMBER, Int64Values.VALUES_FIELD_NUMBER, np.dtype("<i8")),
    ColumnType.CATEGORY: (ColumnValues.CATEGORIES_FIELD_NUMBER, CategoryCodes.CODES_FIELD_NUMBER, np.dtype("<i4")),
    ColumnType.BOOL: (ColumnValues.BOOLS_FIELD_NUMBER, BoolValues.VALUES_FIELD_NUMBER, np.dtype("?")),
    ColumnType.DATE: (ColumnValues.DATES_FIELD_NUMBER, DateValues.DAYS_FIELD_NUMBER, np.dtype("<i4")),
    ColumnType.TIMESTAMP: (
        ColumnValues.TIMESTAMPS_FIELD_NUMBER,
        TimestampValues.MICROSECONDS_FIELD_NUMBER,
        np.dtype("<i8"),
    ),
}


def columns_response(table: Table, arrays: Arrays, info: bytes | None, first_index: int) -> bytes:
    """A serialised GenerateRowsResponse that carries typed columns.

    Args:
        table: The schema of the rows.
        arrays: The rows by key, `[rows, ...]` each.
        info: A serialised RowStreamInfo; None for all responses but the first.
        first_index: The index of the first row.
    """
    batch: Parts = []
    for column in table.columns:
        values = _values(column, arrays)
        if column.nullable and not (validity := arrays[column.validity]).all():
            values += _packed(ColumnValues.VALIDITY_FIELD_NUMBER, validity, np.dtype("?"))
        batch += _nested(ColumnBatch.COLUMNS_FIELD_NUMBER, values)
    head = _head(info, first_index, len(arrays[table.columns[0].name]))
    return b"".join([*head, *_nested(GenerateRowsResponse.COLUMNS_FIELD_NUMBER, batch)])


def _values(column: Column, arrays: Arrays) -> Parts:
    if column.type is ColumnType.STRING:
        texts = texts_of(arrays[column.name], arrays.get(column.validity))
        strings = _packed(StringValues.OFFSETS_FIELD_NUMBER, texts.offsets, np.dtype("<i4"))
        if texts.data:
            strings += _nested(StringValues.DATA_FIELD_NUMBER, [texts.data])
        return _nested(ColumnValues.STRINGS_FIELD_NUMBER, strings)
    member, field, dtype = _FIELDS[column.type]
    return _nested(member, _packed(field, arrays[column.name], dtype))


def data_response(data: bytes, info: bytes | None, first_index: int, count: int) -> bytes:
    """A serialised GenerateRowsResponse that carries a piece of a file.

    Args:
        data: The piece.
        info: A serialised RowStreamInfo; None for all responses but the first.
        first_index: The index of the first row.
        count: The number of rows.
    """
    head = _head(info, first_index, count)
    return b"".join([*head, *_nested(GenerateRowsResponse.DATA_FIELD_NUMBER, [data])])


def _head(info: bytes | None, first_index: int, count: int) -> Parts:
    parts = [] if info is None else _nested(GenerateRowsResponse.INFO_FIELD_NUMBER, [info])
    if first_index:  # proto3 omits fields with the default value
        parts.append(_key(GenerateRowsResponse.FIRST_INDEX_FIELD_NUMBER, _VARINT) + _varint(first_index))
    if count:
        parts.append(_key(GenerateRowsResponse.ROW_COUNT_FIELD_NUMBER, _VARINT) + _varint(count))
    return parts


def _packed(field: int, array: NDArray[Any], dtype: np.dtype[Any]) -> Parts:
    if not len(array):
        return []
    return _nested(field, [np.ascontiguousarray(array, dtype).view(np.uint8).data])


def _nested(field: int, content: Parts) -> Parts:
    """A field that holds bytes or a message."""
    return [_key(field, _DELIMITED) + _varint(sum(map(len, content))), *content]


@cache
def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    septets = bytearray()
    while value > 0x7F:
        septets.append(value & 0x7F | 0x80)
        value >>= 7
    septets.append(value)
    return bytes(septets)
