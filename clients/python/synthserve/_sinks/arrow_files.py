"""Parquet and Arrow IPC files."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from synthserve._output.destinations import Destination, Target
from synthserve._samples.kinds import RowInfo
from synthserve._sinks.batches import BatchReader, require_pyarrow
from synthserve._sinks.provenance import with_provenance
from synthserve._sinks.sink import Sink
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import pyarrow as pa

    from synthserve._samples.job import Job

# Rows per row group or record batch of a file: fixed, so that the file does not depend on the size of messages.
_GROUP_ROWS = 65_536


class FileSink(Sink[RowInfo, pb.GenerateRowsResponse, int]):
    """Writes Parquet or an Arrow IPC file, holding one row group at a time."""

    fields = MappingProxyType({"format": pb.ROW_FORMAT_ARROW})

    def __init__(self, job: Job[Any, Any, RowInfo], target: Target, kind: Literal["parquet", "arrow"]) -> None:
        job.require_end(f"a {kind} file")
        self._pa = require_pyarrow(f"a {kind} file")
        self._kind = kind
        self._request = job.request
        self._reader: BatchReader | None = None
        self._writer: Any = None
        self._schema: pa.Schema | None = None
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._rows = 0
        self._destination = Destination(target)

    def write(self, info: RowInfo, response: pb.GenerateRowsResponse) -> None:
        """Takes the next message."""
        if self._reader is None:
            self._reader = BatchReader(info)
            self._schema = with_provenance(self._reader.schema, info, self._request)
            self._writer = self._open(self._schema)
        self._pending += self._reader.read(response)
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
            # Closed after the destination is discarded: its footer must not complete the file of a broken stream.
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
