"""Arrow tables."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from synthserve._samples.kinds import RowInfo
from synthserve._sinks.batches import BatchReader, require_pyarrow
from synthserve._sinks.provenance import with_provenance
from synthserve._sinks.sink import Sink
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import pyarrow as pa

    from synthserve._samples.job import Job


class TableSink(Sink[RowInfo, pb.GenerateRowsResponse, "pa.Table"]):
    """Collects a table."""

    fields = MappingProxyType({"format": pb.ROW_FORMAT_ARROW})

    def __init__(self, job: Job[Any, Any, RowInfo], what: str) -> None:
        job.require_end(what)
        self._pa = require_pyarrow(what)
        self._request = job.request
        self._reader: BatchReader | None = None
        self._schema: pa.Schema | None = None
        self._batches: list[pa.RecordBatch] = []

    def write(self, info: RowInfo, response: pb.GenerateRowsResponse) -> None:
        """Takes the next message."""
        if self._reader is None:
            self._reader = BatchReader(info)
            self._schema = with_provenance(self._reader.schema, info, self._request)
        self._batches += self._reader.read(response)

    def finish(self) -> pa.Table:
        """Returns the table."""
        assert self._reader is not None  # noqa: S101 - there was a message
        assert self._schema is not None  # noqa: S101 - set together with the reader
        table = self._pa.Table.from_batches(self._batches, self._reader.schema)
        return table.replace_schema_metadata(self._schema.metadata)
