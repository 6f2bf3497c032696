"""Streams of rows, asyncio. `rows` is its twin."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from synthserve._extras import require
from synthserve._samples import columns
from synthserve._samples.kinds import RowInfo
from synthserve._sinks.arrow_files import FileSink
from synthserve._sinks.batches import BatchReader, require_pyarrow
from synthserve._sinks.encoded import ByteSink
from synthserve._sinks.frames import frame
from synthserve._sinks.tables import TableSink
from synthserve._streams.async_stream import AsyncStream
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import pandas as pd
    import pyarrow as pa

    from synthserve._output.destinations import Target
    from synthserve._samples.columns import Row
    from synthserve._schema import TableSchema


class AsyncRowStream(AsyncStream[pb.GenerateRowsRequest, pb.GenerateRowsResponse, RowInfo]):
    """Rows of a table model, generated when they are asked for; see `AsyncClient.rows`.

    `async for` gives each row as a dict; the other methods are those of `RowStream`, to be awaited. Files are written
    in a thread, so that the event loop is not blocked.

    Example:
        >>> import asyncio, synthserve
        >>> async def main() -> int:
        ...     async with synthserve.AsyncClient("localhost:50051") as client:
        ...         return len([row async for row in client.rows("iris-vae", count=3, seed=7)])
        >>> asyncio.run(main())
        3
    """

    @property
    def schema(self) -> TableSchema:
        """What the rows look like; known after `start()` or the first message.

        Raises:
            SynthserveError: It is not known yet.
        """
        return self._known().schema

    async def __aiter__(self) -> AsyncGenerator[Row]:
        """Gives each row as a dict, column name to value, None where one is missing. Needs no other package."""
        async with aclosing(self._responses(format=pb.ROW_FORMAT_COLUMNS)) as responses:
            async for info, response in responses:
                for row in columns.rows(response, info.schema):
                    yield row

    async def batches(self) -> AsyncGenerator[pa.RecordBatch]:
        """Gives the rows as Arrow record batches; see `RowStream.batches`."""
        require_pyarrow("batches()")
        reader: BatchReader | None = None
        async with aclosing(self._responses(format=pb.ROW_FORMAT_ARROW)) as responses:
            async for info, response in responses:
                reader = reader or BatchReader(info)
                for batch in reader.read(response):
                    yield batch

    async def to_arrow(self) -> pa.Table:
        """Returns all rows as an Arrow table; see `RowStream.to_arrow`."""
        return await self._drain(TableSink(self._job, "to_arrow()"))

    async def to_pandas(self) -> pd.DataFrame:
        """Returns all rows as a data frame; see `RowStream.to_pandas`."""
        require("pandas", extra="pandas", what="to_pandas()")
        table = await self._drain(TableSink(self._job, "to_pandas()"))
        return frame(table, self._known())

    async def to_csv(self, target: Target, *, header: bool = True) -> int:
        """Writes CSV and returns the number of rows; see `RowStream.to_csv`."""
        return await self._drain(ByteSink(self._job, target, pb.ROW_FORMAT_CSV, preamble=header))

    async def to_jsonl(self, target: Target) -> int:
        """Writes JSON lines and returns the number of rows; see `RowStream.to_jsonl`."""
        return await self._drain(ByteSink(self._job, target, pb.ROW_FORMAT_JSON_LINES, preamble=True))

    async def to_arrow_stream(self, target: Target) -> int:
        """Writes the Arrow IPC streaming format and returns the number of rows; see `RowStream.to_arrow_stream`."""
        return await self._drain(ByteSink(self._job, target, pb.ROW_FORMAT_ARROW, preamble=True))

    async def to_arrow_file(self, target: Target) -> int:
        """Writes an Arrow IPC file and returns the number of rows; see `RowStream.to_arrow_file`."""
        return await self._drain(FileSink(self._job, target, "arrow"))

    async def to_parquet(self, target: Target) -> int:
        """Writes Parquet and returns the number of rows; see `RowStream.to_parquet`."""
        return await self._drain(FileSink(self._job, target, "parquet"))
