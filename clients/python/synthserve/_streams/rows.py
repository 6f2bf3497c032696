"""Streams of rows, sync. `async_rows` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthserve._extras import require
from synthserve._samples import columns
from synthserve._samples.kinds import RowInfo
from synthserve._sinks.arrow_files import FileSink
from synthserve._sinks.batches import BatchReader, require_pyarrow
from synthserve._sinks.encoded import ByteSink
from synthserve._sinks.frames import frame
from synthserve._sinks.tables import TableSink
from synthserve._streams.stream import Stream
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa

    from synthserve._output.destinations import Target
    from synthserve._samples.columns import Row
    from synthserve._schema import TableSchema


class RowStream(Stream[pb.GenerateRowsRequest, pb.GenerateRowsResponse, RowInfo]):
    """Rows of a table model, generated when they are asked for; see `Client.rows`.

    A loop over it gives each row as a dict, in bounded memory; the other methods write or return all of them. Each
    use generates the rows anew, and they are the same every time.

    All methods resume by themselves where a connection broke, and raise `SynthserveError` when that does not help:
    `InvalidRequest`, `ModelNotFound`, `ModelNotReady`, `Unavailable`, `DeadlineExceeded` above all.

    Example:
        >>> import synthserve
        >>> with synthserve.Client("localhost:50051") as client:
        ...     rows = client.rows("iris-vae", count=3, seed=7)
        ...     for row in rows:
        ...         print(sorted(row) == sorted(column.name for column in rows.schema.columns))
        True
        True
        True
    """

    @property
    def schema(self) -> TableSchema:
        """What the rows look like. Asks the server if nothing has come yet.

        Raises:
            SynthserveError: The server cannot be asked, or refuses the request.
        """
        return self._settled().schema

    def __iter__(self) -> Iterator[Row]:
        """Gives each row as a dict, column name to value, None where one is missing. Needs no other package.

        Dates are `datetime.date`, timestamps `datetime.datetime`: with the time zone UTC where they are instants, else
        without one.
        """
        for info, response in self._responses(format=pb.ROW_FORMAT_COLUMNS):
            yield from columns.rows(response, info.schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Gives the rows as Arrow record batches, as large as the messages, in bounded memory.

        Raises:
            MissingDependency: pyarrow is not installed.
        """
        require_pyarrow("batches()")
        return self._batches()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        reader: BatchReader | None = None
        for info, response in self._responses(format=pb.ROW_FORMAT_ARROW):
            reader = reader or BatchReader(info)
            yield from reader.read(response)

    def to_arrow(self) -> pa.Table:
        """Returns all rows as an Arrow table, with its provenance in the metadata.

        Raises:
            InvalidRequest: `count` was not given.
            MissingDependency: pyarrow is not installed.
        """
        return self._drain(TableSink(self._job, "to_arrow()"))

    def to_pandas(self) -> pd.DataFrame:
        """Returns all rows as a data frame.

        Doubles become float64 (NaN where missing), integers int64 (Int64 where they can be missing), booleans bool
        (boolean where they can be missing), categories Categorical with all categories of the model, strings string,
        dates datetime64[us] at midnight, and timestamps datetime64[us], with the time zone UTC where they are instants
        (NaT where missing). `frame.attrs["synthserve"]` says how to make it again.

        Raises:
            InvalidRequest: `count` was not given.
            MissingDependency: pandas or pyarrow is not installed.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     frame = client.rows("iris-vae", count=1_000, seed=7).to_pandas()
            >>> len(frame), frame.attrs["synthserve"]["seed"]
            (1000, '7')
        """
        require("pandas", extra="pandas", what="to_pandas()")
        table = self._drain(TableSink(self._job, "to_pandas()"))
        return frame(table, self._settled())

    def to_csv(self, target: Target, *, header: bool = True) -> int:
        """Writes CSV (RFC 4180, LF line ends, UTF-8), byte for byte as the server sends it.

        The bytes depend on model version, seed, indices and conditions only: parts made with `offset`, the later ones
        with `header=False`, put together are the whole.

        Args:
            target: A path, which appears when the file is whole; or a file open for bytes, which may take an endless
                stream.
            header: Whether the first line names the columns.

        Returns:
            The number of rows written.

        Raises:
            InvalidRequest: `count` was not given and `target` is a path.
            OSError: The file cannot be written.

        Example:
            >>> import io, synthserve
            >>> whole, parts = io.BytesIO(), io.BytesIO()
            >>> with synthserve.Client("localhost:50051") as client:
            ...     rows = client.rows("iris-vae", count=100, seed=7).to_csv(whole)
            ...     for start in (0, 50):
            ...         part = client.rows("iris-vae", count=50, seed=7, offset=start)
            ...         rows = part.to_csv(parts, header=start == 0)
            >>> whole.getvalue() == parts.getvalue()
            True
        """
        return self._drain(ByteSink(self._job, target, pb.ROW_FORMAT_CSV, preamble=header))

    def to_jsonl(self, target: Target) -> int:
        """Writes JSON lines: one object per row, UTF-8, byte for byte as the server sends it.

        Args:
            target: A path, which appears when the file is whole; or a file open for bytes.

        Returns:
            The number of rows written.

        Raises:
            InvalidRequest: `count` was not given and `target` is a path.
            OSError: The file cannot be written.
        """
        return self._drain(ByteSink(self._job, target, pb.ROW_FORMAT_JSON_LINES, preamble=True))

    def to_arrow_stream(self, target: Target) -> int:
        """Writes the Arrow IPC streaming format (`.arrows`), byte for byte as the server sends it.

        Each message is a record batch. So after a break the rows are the same, but not where they are cut;
        `to_arrow_file()` does not depend on it.

        Args:
            target: A path, which appears when the file is whole; or a file open for bytes.

        Returns:
            The number of rows written.

        Raises:
            InvalidRequest: `count` was not given and `target` is a path.
            OSError: The file cannot be written.
        """
        return self._drain(ByteSink(self._job, target, pb.ROW_FORMAT_ARROW, preamble=True))

    def to_arrow_file(self, target: Target) -> int:
        """Writes an Arrow IPC file (`.arrow`, also known as Feather), in bounded memory.

        Its metadata says that it is synthetic, and how to make it again.

        Args:
            target: A path, which appears when the file is whole; or a file open for bytes.

        Returns:
            The number of rows written.

        Raises:
            InvalidRequest: `count` was not given.
            MissingDependency: pyarrow is not installed.
            OSError: The file cannot be written.
        """
        return self._drain(FileSink(self._job, target, "arrow"))

    def to_parquet(self, target: Target) -> int:
        """Writes Parquet, in bounded memory.

        Its key-value metadata says that it is synthetic, and how to make it again: `synthserve.synthetic`, `.model`,
        `.version`, `.seed`, `.offset`, `.count`, and `.where` (`species=setosa`) if there are conditions.

        Args:
            target: A path, which appears when the file is whole; or a file open for bytes.

        Returns:
            The number of rows written.

        Raises:
            InvalidRequest: `count` was not given.
            MissingDependency: pyarrow is not installed.
            OSError: The file cannot be written.
        """
        return self._drain(FileSink(self._job, target, "parquet"))
