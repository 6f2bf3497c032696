"""Tensors on the wire: datatypes, values in typed fields, and values in their memory layout."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_server.services.oip import inference_pb2


@dataclass(frozen=True)
class Datatype:
    """The representation of values of a dtype on the wire.

    Attributes:
        name: The protocol's name of the type.
        number: The type in Triton's model configuration.
        field: The field of InferTensorContents that holds such values.
        dtype: The dtype of raw values; little-endian.
    """

    name: str
    number: inference_pb2.DataType
    field: str
    dtype: np.dtype[Any]

    def size(self, shape: Sequence[int]) -> int:
        """The bytes of a raw tensor of a shape."""
        return math.prod(shape) * self.dtype.itemsize


# Keyed by dtype, not by scalar type: NumPy has two scalar types of 64 bits, as C does.
_DATATYPES = {
    np.dtype(native): Datatype(name, number, field, np.dtype(native).newbyteorder("<"))
    for native, name, number, field in (
        (np.bool_, "BOOL", inference_pb2.TYPE_BOOL, "bool_contents"),
        (np.uint8, "UINT8", inference_pb2.TYPE_UINT8, "uint_contents"),
        (np.int32, "INT32", inference_pb2.TYPE_INT32, "int_contents"),
        (np.int64, "INT64", inference_pb2.TYPE_INT64, "int64_contents"),
        (np.float32, "FP32", inference_pb2.TYPE_FP32, "fp32_contents"),
        (np.float64, "FP64", inference_pb2.TYPE_FP64, "fp64_contents"),
    )
}


def datatype(dtype: np.dtype[Any]) -> Datatype:
    """The datatype of a dtype that graphs can have."""
    return _DATATYPES[dtype]


def filled_fields(contents: inference_pb2.InferTensorContents) -> dict[str, int]:
    """The number of values in each field that has any."""
    return {field.name: len(values) for field, values in contents.ListFields()}


def from_memory(data: bytes, kind: Datatype, shape: Sequence[int]) -> NDArray[Any]:
    """A tensor from its raw values, `kind.size(shape)` bytes."""
    return np.frombuffer(data, kind.dtype).reshape(shape)


def from_fields(contents: inference_pb2.InferTensorContents, kind: Datatype, shape: Sequence[int]) -> NDArray[Any]:
    """A tensor from its values in the field of its datatype."""
    return np.array(getattr(contents, kind.field), kind.dtype).reshape(shape)


def to_memory(array: NDArray[Any]) -> bytes:
    """The raw values of a tensor."""
    return array.astype(datatype(array.dtype).dtype, copy=False).tobytes()


def to_fields(array: NDArray[Any], contents: inference_pb2.InferTensorContents) -> None:
    """Writes the values of a tensor into the field of its datatype."""
    getattr(contents, datatype(array.dtype).field).extend(array.ravel().tolist())
