"""Table columns as CSV, JSON lines and Arrow IPC."""

import csv
import enum
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from synthserve_server.runtime.model import Arrays, Column, ColumnType, Table

_ARROW_TYPES = {
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.INT64: pa.int64(),
    ColumnType.CATEGORY: pa.dictionary(pa.int32(), pa.string()),
    ColumnType.BOOL: pa.bool_(),
}


class Format(enum.Enum):
    """A file format for rows."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    ARROW = "arrow"


class RowEncoder:
    """Encodes the rows of one stream. Safe to use from several threads.

    The preamble followed by the data of all frames is a file of the format. CSV and JSON lines come out the same
    however the rows are cut into frames. A missing value is an empty CSV cell (quoted in a table of one column, where a
    reader would skip the empty line) and a JSON null; JSON knows no NaN and no infinity, which become null, too.
    """

    def __init__(self, table: Table, file_format: Format, metadata: Mapping[str, str]) -> None:
        """Prepares the encoding.

        Args:
            table: What the rows look like.
            file_format: How they are written.
            metadata: What an Arrow schema says about the stream.
        """
        self._table = table
        self._format = file_format
        # Text is looked up from the codes; Arrow gets them as they are.
        self._texts = {column.name: pl.Series(column.categories, dtype=pl.String) for column in table.columns}
        self._dictionaries = {column.name: _strings(column.categories) for column in table.columns}
        self._schema = pa.schema(
            [pa.field(column.name, _ARROW_TYPES[column.type], column.nullable) for column in table.columns],
            dict(metadata),
        )
        self.preamble = self._preamble()
        """What stands before the first row."""

    def encode(self, arrays: Arrays) -> bytes:
        """Encodes one frame.

        Args:
            arrays: One array `[rows]` per column, and `valid:{column}` for nullable ones, as a model computes them.

        Returns:
            The rows; for Arrow one record batch message.
        """
        if self._format is Format.ARROW:
            batch = pa.record_batch(
                [self._arrow(column, arrays) for column in self._table.columns], schema=self._schema
            )
            return batch.serialize().to_pybytes()  # type: ignore[no-any-return]  # pyarrow has no types
        frame = pl.DataFrame([self._series(column, arrays) for column in self._table.columns])
        if frame.is_empty():
            return b""
        sink = io.BytesIO()
        if self._format is Format.CSV:
            frame.write_csv(sink, include_header=False, null_value='""' if len(self._table.columns) == 1 else "")
        else:
            frame.write_ndjson(sink)
        return sink.getvalue()

    def _preamble(self) -> bytes:
        if self._format is Format.CSV:
            header = io.StringIO()
            csv.writer(header, lineterminator="\n").writerow([column.name for column in self._table.columns])
            return header.getvalue().encode()
        if self._format is Format.ARROW:
            return self._arrow_head()
        return b""

    def _arrow_head(self) -> bytes:
        """The schema and dictionary messages, which the stream writer puts before the first record batch."""
        sink = pa.BufferOutputStream()
        empty = [pa.nulls(0, field.type) for field in self._schema]
        for i, column in enumerate(self._table.columns):
            if column.type is ColumnType.CATEGORY:
                codes = pa.nulls(0, pa.int32())
                empty[i] = pa.DictionaryArray.from_arrays(codes, self._dictionaries[column.name])
        with pa.ipc.new_stream(sink, self._schema) as writer:
            writer.write_batch(pa.record_batch(empty, schema=self._schema))
        messages = pa.ipc.MessageReader.open_stream(sink.getvalue())
        head = io.BytesIO()
        for message in messages:
            if message.type != "record batch":
                head.write(message.serialize().to_pybytes())
        return head.getvalue()

    def _arrow(self, column: Column, arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types.
        values = arrays[column.name]
        kind = pa.int32() if column.type is ColumnType.CATEGORY else _ARROW_TYPES[column.type]
        data = _bits(values) if column.type is ColumnType.BOOL else pa.py_buffer(np.ascontiguousarray(values))
        valid = _bits(arrays[column.validity]) if column.nullable else None
        array = pa.Array.from_buffers(kind, len(values), [valid, data])
        if column.type is ColumnType.CATEGORY:
            return pa.DictionaryArray.from_arrays(array, self._dictionaries[column.name])
        return array

    def _series(self, column: Column, arrays: Arrays) -> pl.Series:
        values = pl.Series(column.name, arrays[column.name])
        if column.nullable:
            # Emptied before the look-up, as the code of a missing value can be any number.
            valid = pl.Series(arrays[column.validity])
            values = values.zip_with(valid, pl.Series([None], dtype=values.dtype))
        if column.type is ColumnType.CATEGORY:
            return self._texts[column.name].gather(values).alias(column.name)
        return values


# Arrays are made of their memory, as the Arrow columnar format lays it out: `pyarrow.array` imports pandas when it is
# first called, where there is one, which takes the better part of a second.


def _bits(values: NDArray[np.bool_]) -> Any:  # noqa: ANN401 - pyarrow has no types.
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _strings(texts: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow has no types.
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def row_widths(table: Table, file_format: Format | None) -> tuple[int, int]:
    """How many bytes a row takes.

    Args:
        table: What the rows look like.
        file_format: How they are written; None for bare arrays.

    Returns:
        A typical width and the largest possible one.
    """
    binary = sum(4 if column.type is ColumnType.CATEGORY else _BINARY[column.type] for column in table.columns)
    binary += sum(column.nullable for column in table.columns)
    if file_format in (None, Format.ARROW):
        return binary, binary
    names = sum(len(column.name.encode()) + 4 for column in table.columns) if file_format is Format.JSON_LINES else 0
    largest = sum(_largest_text(column) for column in table.columns)
    return names + 10 * len(table.columns), 6 * names + largest


_BINARY = {ColumnType.DOUBLE: 8, ColumnType.INT64: 8, ColumnType.CATEGORY: 4, ColumnType.BOOL: 1}


def _largest_text(column: Column) -> int:
    if column.type is ColumnType.CATEGORY:
        # A JSON escape turns one byte into six.
        return 6 * max(len(category.encode()) for category in column.categories) + 3
    return 26
