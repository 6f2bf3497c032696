"""Turns arrays into the bytes of GenerateRowsResponse without a Python loop over the values.

A packed repeated field has the same bytes on the wire as a `bytes` field of the same number. So the messages are built
from twins of the contract's messages, in which each packed field of fixed-width values is a `bytes` field that takes
the memory of a NumPy array as it is.
"""

from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from numpy.typing import NDArray

from synthserve.v1 import generation_pb2, schema_pb2
from synthserve_server.runtime.model import Arrays, ColumnType, Table

_FIXED_WIDTH = {
    FieldDescriptor.TYPE_DOUBLE,
    FieldDescriptor.TYPE_SFIXED64,
    FieldDescriptor.TYPE_SFIXED32,
    # A varint, but of one byte for both values.
    FieldDescriptor.TYPE_BOOL,
}


def _twin_class(name: str) -> Any:  # noqa: ANN401 - the classes are made at run time.
    """Builds, in a pool of its own, the twin of a message of generation.proto."""
    pool = descriptor_pool.DescriptorPool()
    for module in (schema_pb2, generation_pb2):
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            for field in message.field:
                if field.label == FieldDescriptor.LABEL_REPEATED and field.type in _FIXED_WIDTH:
                    field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
                    field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


_ResponseTwin = _twin_class(generation_pb2.GenerateRowsResponse.DESCRIPTOR.full_name)

# For each type: the member of ColumnValues.values, its field, and the dtype of the field's values on the wire.
_FIELDS: dict[ColumnType, tuple[str, str, np.dtype[Any]]] = {
    ColumnType.DOUBLE: ("doubles", "values", np.dtype("<f8")),
    ColumnType.INT64: ("int64s", "values", np.dtype("<i8")),
    ColumnType.CATEGORY: ("categories", "codes", np.dtype("<i4")),
    ColumnType.BOOL: ("bools", "values", np.dtype("?")),
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
    response = _response(info, first_index, count)
    response.columns.SetInParent()
    for column in table.columns:
        values = response.columns.columns.add()
        member, field, dtype = _FIELDS[column.type]
        setattr(getattr(values, member), field, _bytes(arrays[column.name], dtype))
        if column.nullable:
            validity = arrays[column.validity]
            if not validity.all():
                values.validity = _bytes(validity, np.dtype("?"))
    return bytes(response.SerializeToString())


def data_response(data: bytes, info: bytes | None, first_index: int, count: int) -> bytes:
    """A serialised GenerateRowsResponse that carries a piece of a file; the arguments are as above."""
    response = _response(info, first_index, count)
    response.data = data
    return bytes(response.SerializeToString())


def _response(info: bytes | None, first_index: int, count: int) -> Any:  # noqa: ANN401 - the classes are made at run time
    response = _ResponseTwin(first_index=first_index, row_count=count)
    if info is not None:
        response.info.MergeFromString(info)
    return response


def _bytes(array: NDArray[Any], dtype: np.dtype[Any]) -> bytes:
    return array.astype(dtype, copy=False).tobytes()
