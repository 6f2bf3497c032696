"""Arrow on the wire to tables, data frames and files. The only module that touches pyarrow and pandas."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from synthserve._exceptions import ProtocolError
from synthserve._extras import require
from synthserve._job import Job, RowInfo, Sink
from synthserve._output.destinations import Destination, Target
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Rows per row group or record batch of a file: fixed, so that the file does not depend on how messages were cut.
_GROUP_ROWS = 65_536


def require_pyarrow(what: str) -> Any:  # noqa: ANN401 - a module has no better type
    """Imports pyarrow.

    Raises:
        MissingDependency: It is not installed.
    """
    return require("pyarrow", extra="arrow", what=what)


def batches(info: RowInfo, response: pb.GenerateRowsResponse) -> list[pa.RecordBatch]:
    """Reads the record batches of one response.

    Raises:
        ProtocolError: The data is not Arrow, or not of as many rows as the response says.
    """
    import pyarrow as pa

    if not response.row_count:
        return []
    try:
        # Every response holds whole messages, so the preamble makes it a stream of its own.
        found = list(pa.ipc.open_stream(info.preamble + response.data))
    except (pa.ArrowInvalid, OSError) as error:
        raise ProtocolError(f"the server sent Arrow data that cannot be read: {error}") from error
    rows = sum(batch.num_rows for batch in found)
    if rows != response.row_count:
        raise ProtocolError(f"a response of {response.row_count} rows holds {rows}")
    return found


def schema(info: RowInfo, request: pb.GenerateRowsRequest) -> pa.Schema:
    """Reads the Arrow schema of a stream and marks it as synthetic.

    Raises:
        ProtocolError: The preamble is not an Arrow schema.
    """
    import pyarrow as pa

    try:
        found = pa.ipc.open_stream(info.preamble).schema
    except (pa.ArrowInvalid, OSError) as error:
        raise ProtocolError(f"the server sent an Arrow schema that cannot be read: {error}") from error
    return found.with_metadata({**(found.metadata or {}), **marks(info, request)})


def marks(info: RowInfo, request: pb.GenerateRowsRequest) -> dict[str, str]:
    """Returns what a table says of itself: that it is synthetic, and how to generate it again."""
    found = {
        "synthserve.synthetic": "true",
        "synthserve.model": info.model.resource,
        "synthserve.version": str(info.model.version),
        "synthserve.seed": str(info.seed),
        "synthserve.offset": str(request.offset),
        "synthserve.count": str(request.count),
    }
    if request.conditions:
        found["synthserve.where"] = urlencode(sorted(request.conditions.items()))
    return found


def frame(table: pa.Table, info: RowInfo) -> pd.DataFrame:
    """Turns a table into a data frame.

    Doubles become float64 (NaN where missing), integers int64, booleans bool, categories Categorical. Where integers
    or booleans can be missing they become Int64 and boolean, also when none is missing in this very sample.
    """
    import pandas as pd

    data: dict[str, pd.Series[Any]] = {}
    nullable = {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}
    for column in info.schema.columns:
        values = table.column(column.name)
        dtype = nullable.get(column.type) if column.nullable else None
        series = values.to_pandas(types_mapper=None if dtype is None else lambda _, dtype=dtype: dtype)
        if column.type == "category":
            # An empty table has no dictionary; the model still has its categories.
            series = series.cat.set_categories(list(column.categories))
        data[column.name] = series
    result = pd.DataFrame(data)
    result.attrs["synthserve"] = {
        key.decode().removeprefix("synthserve."): value.decode()
        for key, value in (table.schema.metadata or {}).items()
        if key.startswith(b"synthserve.")
    }
    return result


class TableSink(Sink[RowInfo, pb.GenerateRowsResponse, "pa.Table"]):
    """Collects a table."""

    fields = MappingProxyType({"format": pb.ROW_FORMAT_ARROW})

    def __init__(self, job: Job[Any, Any, RowInfo], what: str) -> None:
        job.require_end(what)
        self._pa = require_pyarrow(what)
        self._request = job.request
        self._schema: pa.Schema | None = None
        self._batches: list[pa.RecordBatch] = []

    def write(self, info: RowInfo, response: pb.GenerateRowsResponse) -> None:
        """Takes the next message."""
        if self._schema is None:
            self._schema = schema(info, self._request)
        self._batches += batches(info, response)

    def finish(self) -> pa.Table:
        """Returns the table."""
        table = self._pa.Table.from_batches([b.replace_schema_metadata(None) for b in self._batches], self._bare())
        return table.replace_schema_metadata(self._schema.metadata if self._schema else None)

    def _bare(self) -> pa.Schema | None:
        return self._schema.remove_metadata() if self._schema else None


class FileSink(Sink[RowInfo, pb.GenerateRowsResponse, int]):
    """Writes Parquet or an Arrow IPC file, holding one row group at a time."""

    fields = MappingProxyType({"format": pb.ROW_FORMAT_ARROW})

    def __init__(self, job: Job[Any, Any, RowInfo], target: Target, kind: Literal["parquet", "arrow"]) -> None:
        job.require_end(f"a {kind} file")
        self._pa = require_pyarrow(f"a {kind} file")
        self._kind = kind
        self._request = job.request
        self._writer: Any = None
        self._schema: Any = None
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._rows = 0
        self._destination = Destination(target)

    def write(self, info: RowInfo, response: pb.GenerateRowsResponse) -> None:
        """Takes the next message."""
        if self._writer is None:
            self._schema = schema(info, self._request)
            self._writer = self._open(self._schema)
        self._pending += [batch.replace_schema_metadata(self._schema.metadata) for batch in batches(info, response)]
        self._pending_rows += response.row_count
        self._rows += response.row_count
        if self._pending_rows >= _GROUP_ROWS:
            self._flush(self._pending_rows - self._pending_rows % _GROUP_ROWS)

    def finish(self) -> int:
        """Makes the file appear; returns the number of rows."""
        self._flush(self._pending_rows)
        self._writer.close()
        self._destination.commit()
        return self._rows

    def abort(self) -> None:
        """Removes the file."""
        self._destination.discard()
        if self._writer is not None:
            # Now, when what it writes goes nowhere; later it would end an open file as if it were whole.
            self._writer.close()

    def _open(self, schema: pa.Schema) -> Any:  # noqa: ANN401 - pyarrow has no types
        if self._kind == "parquet":
            import pyarrow.parquet as pq

            return pq.ParquetWriter(self._pa.PythonFile(self._destination, mode="w"), schema)
        return self._pa.ipc.new_file(self._pa.PythonFile(self._destination, mode="w"), schema)

    def _flush(self, rows: int) -> None:
        if not rows:
            return
        table = self._pa.Table.from_batches(self._pending)
        for start in range(0, rows, _GROUP_ROWS):
            group = table.slice(start, min(_GROUP_ROWS, rows - start)).combine_chunks()
            if self._kind == "parquet":
                self._writer.write_table(group, row_group_size=_GROUP_ROWS)
            else:
                self._writer.write_table(group, max_chunksize=_GROUP_ROWS)
        self._pending = table.slice(rows).to_batches()
        self._pending_rows -= rows
