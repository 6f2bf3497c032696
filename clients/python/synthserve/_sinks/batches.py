"""Arrow on the wire to record batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synthserve._exceptions import ProtocolError
from synthserve._extras import require

if TYPE_CHECKING:
    import pyarrow as pa

    from synthserve._samples.kinds import RowInfo
    from synthserve._schema import Column
    from synthserve.v1 import generation_pb2 as pb

_DAYS = (-719_162, 2_932_896)
"""0001-01-01 and 9999-12-31, in days since 1970."""

_MICROSECONDS = (_DAYS[0] * 86_400_000_000, (_DAYS[1] + 1) * 86_400_000_000 - 1)
"""The first and the last microsecond of these years."""


def require_pyarrow(what: str) -> Any:  # noqa: ANN401 - a module has no better type
    """Imports pyarrow.

    Raises:
        MissingDependency: It is not installed.
    """
    return require("pyarrow", extra="arrow", what=what)


class BatchReader:
    """Reads the record batches of a run, message by message. The preamble, before the first row, is read once.

    Args:
        info: What holds for the run.

    Raises:
        ProtocolError: Its preamble is not an Arrow schema of the columns.
    """

    def __init__(self, info: RowInfo) -> None:
        import pyarrow as pa

        self._columns = info.schema.columns
        self._unreadable = (pa.ArrowInvalid, OSError, StopIteration)
        self._source = _Source(info.preamble)
        try:
            self._stream = pa.ipc.open_stream(pa.PythonFile(self._source, mode="r"))
        except self._unreadable as error:
            raise ProtocolError(f"the server sent an Arrow schema that cannot be read: {error}") from error
        if self.schema.names != [column.name for column in self._columns]:
            raise ProtocolError(f"the server sent an Arrow schema of other columns: {', '.join(self.schema.names)}")
        for column, kind in zip(self._columns, self.schema.types, strict=True):
            _check_type(column, kind)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, as the server sent it."""
        return self._stream.schema

    def read(self, response: pb.GenerateRowsResponse) -> list[pa.RecordBatch]:
        """Reads the record batches of the next response.

        Raises:
            ProtocolError: The data is not Arrow, not of as many rows as the response says, or holds what no value is.
        """
        if not response.row_count:
            return []
        self._source.append(response.data)
        found: list[pa.RecordBatch] = []
        try:
            while self._source:
                batch = self._stream.read_next_batch()
                batch.validate(full=True)
                found.append(batch)
        except self._unreadable as error:
            raise ProtocolError(f"the server sent Arrow data that cannot be read: {error}") from error
        rows = sum(batch.num_rows for batch in found)
        if rows != response.row_count:
            raise ProtocolError(f"a response of {response.row_count} rows holds {rows}")
        for batch in found:
            for column, values in zip(self._columns, batch.columns, strict=True):
                _check_years(column, values)
        return found


class _Source:
    """The bytes of a stream as far as they have come, with as much of a file's interface as pyarrow needs."""

    closed = False

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._position = 0

    def __bool__(self) -> bool:
        return self._position < len(self._data)

    def append(self, data: bytes) -> None:
        rest = self._data[self._position :]
        # What is left is the dictionaries before the first row, or nothing.
        self._data, self._position = memoryview(bytes(rest) + data if rest else data), 0

    def read(self, size: int) -> memoryview:
        start = self._position
        self._position = min(start + size, len(self._data))
        return self._data[start : self._position]

    def close(self) -> None:
        pass


def _check_type(column: Column, kind: pa.DataType) -> None:
    import pyarrow as pa

    if column.type == "date":
        fits = kind == pa.date32()
    elif column.type == "timestamp":
        fits = kind == pa.timestamp("us", tz="UTC" if column.utc else None)
    else:
        return
    if not fits:
        raise ProtocolError(f"column {column.name!r}: the server sent {kind} for a {column.type}")


def _check_years(column: Column, values: pa.Array) -> None:
    if column.type not in ("date", "timestamp"):
        return
    import pyarrow.compute as pc

    width, (first, last) = ("int32", _DAYS) if column.type == "date" else ("int64", _MICROSECONDS)
    ends = pc.min_max(values.view(width)).as_py()
    if ends["min"] is not None and not first <= ends["min"] <= ends["max"] <= last:
        raise ProtocolError(f"column {column.name!r}: a {column.type} is outside the years 1 to 9999")
