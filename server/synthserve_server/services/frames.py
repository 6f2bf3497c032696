"""Turns arrays into the bytes of GenerateRowsResponse, with one copy of their memory and no loop over the values.

Written after the protobuf encoding specification (protobuf.dev/programming-guides/encoding): a packed repeated field of
fixed-width values is, behind its number and length, the little-endian memory of an array. The field numbers are those
of the contract's own descriptors.
"""

from functools import cache
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from synthserve.v1 import generation_pb2
from synthserve_server.runtime.model import Arrays, ColumnType, Table

_VARINT, _DELIMITED = 0, 2

Parts: TypeAlias = list[bytes | memoryview]
"""Pieces of a message, in order."""

# For each type: the member of ColumnValues.values, its message, the field in that, and the dtype of the wire.
_FIELDS: dict[ColumnType, tuple[str, type[Message], str, np.dtype[Any]]] = {
    ColumnType.DOUBLE: ("doubles", generation_pb2.DoubleValues, "values", np.dtype("<f8")),
    ColumnType.INT64: ("int64s", generation_pb2.Int64Values, "values", np.dtype("<i8")),
    ColumnType.CATEGORY: ("categories", generation_pb2.CategoryCodes, "codes", np.dtype("<i4")),
    ColumnType.BOOL: ("bools", generation_pb2.BoolValues, "values", np.dtype("?")),
}


def columns_response(table: Table, arrays: Arrays, info: bytes | None, first_index: int, count: int) -> bytes:
    """A serialised GenerateRowsResponse that carries typed columns.

    Args:
        table: What the rows look like.
        arrays: One array `[count]` per column, and `valid:{column}` for nullable ones.
        info: A serialised RowStreamInfo; None for all responses but the first.
        first_index: The index of the first row.
        count: The number of rows.
    """
    batch: Parts = []
    for column in table.columns:
        member, message, field, dtype = _FIELDS[column.type]
        values = _nested(generation_pb2.ColumnValues, member, _packed(message, field, arrays[column.name], dtype))
        if column.nullable and not (validity := arrays[column.validity]).all():
            values += _packed(generation_pb2.ColumnValues, "validity", validity, np.dtype("?"))
        batch += _nested(generation_pb2.ColumnBatch, "columns", values)
    return b"".join([*_head(info, first_index, count), *_nested(generation_pb2.GenerateRowsResponse, "columns", batch)])


def data_response(data: bytes, info: bytes | None, first_index: int, count: int) -> bytes:
    """A serialised GenerateRowsResponse that carries a piece of a file; the arguments are as above."""
    return b"".join([*_head(info, first_index, count), *_nested(generation_pb2.GenerateRowsResponse, "data", [data])])


def _head(info: bytes | None, first_index: int, count: int) -> Parts:
    parts = [] if info is None else _nested(generation_pb2.GenerateRowsResponse, "info", [info])
    for name, value in (("first_index", first_index), ("row_count", count)):
        if value:  # a field without presence is left out where it has its default
            parts.append(_tag(generation_pb2.GenerateRowsResponse, name, _VARINT) + _varint(value))
    return parts


def _packed(message: type[Message], name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> Parts:
    if not len(array):
        return []
    return _nested(message, name, [np.ascontiguousarray(array, dtype).view(np.uint8).data])


def _nested(message: type[Message], name: str, content: Parts) -> Parts:
    """A field of a message that holds bytes or another message."""
    return [_tag(message, name, _DELIMITED) + _varint(sum(map(len, content))), *content]


@cache
def _tag(message: type[Any], name: str, wire_type: int) -> bytes:
    return _varint(message.DESCRIPTOR.fields_by_name[name].number << 3 | wire_type)


def _varint(value: int) -> bytes:
    septets = bytearray()
    while value > 0x7F:
        septets.append(value & 0x7F | 0x80)
        value >>= 7
    septets.append(value)
    return bytes(septets)
