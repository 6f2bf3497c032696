"""Rows as Arrow IPC.

Arrays are built from their buffers, in the layout of the Arrow columnar format: the first call of `pyarrow.array` would
import pandas, where it is installed, which takes most of a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthserve_core.contract.model import Arrays, Column, ColumnType, Table
from synthserve_core.contract.texts import Texts, texts_of

_TYPES = {
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.INT64: pa.int64(),
    ColumnType.CATEGORY: pa.dictionary(pa.int32(), pa.string()),
    ColumnType.BOOL: pa.bool_(),
    ColumnType.STRING: pa.string(),
    ColumnType.DATE: pa.date32(),
}


class ArrowEncoder:
    """Encodes rows as record batches. Categories are dictionary-encoded; the preamble holds the dictionaries."""

    def __init__(self, table: Table) -> None:
        """Prepares the schema and the dictionaries."""
        self._columns = table.columns
        self._dictionaries = {
            column.name: _string_array(_encoded(column.categories))
            for column in table.columns
            if column.type is ColumnType.CATEGORY
        }
        self._schema = pa.schema([pa.field(column.name, _type(column), column.nullable) for column in table.columns])
        self._dictionary_messages = self._encoded_dictionaries()

    def schema(self, metadata: Mapping[str, str]) -> Any:  # noqa: ANN401 - pyarrow has no types.
        """The schema of a stream, with its metadata."""
        return self._schema.with_metadata(dict(metadata))

    def preamble(self, metadata: Mapping[str, str]) -> bytes:
        """The schema and dictionary messages, which a stream writer puts before the first record batch."""
        head: bytes = self.schema(metadata).serialize().to_pybytes()
        return head + self._dictionary_messages

    def encode(self, arrays: Arrays) -> bytes:
        """One record batch message."""
        return self.batch(arrays).serialize().to_pybytes()  # type: ignore[no-any-return]  # pyarrow has no types

    def batch(self, arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types.
        """The rows as a record batch."""
        return pa.record_batch([self._array(column, arrays) for column in self._columns], schema=self._schema)

    def _encoded_dictionaries(self) -> bytes:
        sink = pa.BufferOutputStream()
        empty = [self._empty(column) for column in self._columns]
        with pa.ipc.new_stream(sink, self._schema) as writer:
            writer.write_batch(pa.record_batch(empty, schema=self._schema))
        messages = pa.ipc.MessageReader.open_stream(sink.getvalue())
        return b"".join(message.serialize().to_pybytes() for message in messages if message.type == "dictionary")

    def _empty(self, column: Column) -> Any:  # noqa: ANN401 - pyarrow has no types.
        if column.type is ColumnType.CATEGORY:
            return pa.DictionaryArray.from_arrays(pa.nulls(0, pa.int32()), self._dictionaries[column.name])
        return pa.nulls(0, _type(column))

    def _array(self, column: Column, arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types.
        values = arrays[column.name]
        valid = _bits(arrays[column.validity]) if column.nullable else None
        if column.type is ColumnType.STRING:
            return _string_array(texts_of(values, arrays.get(column.validity)), valid)
        kind = pa.int32() if column.type is ColumnType.CATEGORY else _type(column)
        data = _bits(values) if column.type is ColumnType.BOOL else pa.py_buffer(np.ascontiguousarray(values))
        array = pa.Array.from_buffers(kind, len(values), [valid, data])
        if column.type is ColumnType.CATEGORY:
            return pa.DictionaryArray.from_arrays(array, self._dictionaries[column.name])
        return array


def _type(column: Column) -> Any:  # noqa: ANN401 - pyarrow has no types.
    if column.type is ColumnType.TIMESTAMP:
        return pa.timestamp("us", tz="UTC" if column.utc else None)
    return _TYPES[column.type]


def _bits(values: NDArray[np.bool_]) -> Any:  # noqa: ANN401 - pyarrow has no types.
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _encoded(texts: Sequence[str]) -> Texts:
    encoded = [text.encode() for text in texts]
    return Texts(np.cumsum([0, *map(len, encoded)], dtype=np.int32), b"".join(encoded))


def _string_array(texts: Texts, valid: Any = None) -> Any:  # noqa: ANN401 - pyarrow has no types.
    return pa.StringArray.from_buffers(
        len(texts.offsets) - 1, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data), valid
    )
