"""Rows as JSON lines."""

import io
from collections.abc import Mapping

import polars as pl

from synthserve_core.contract.model import Arrays, Column, ColumnType, Table
from synthserve_core.encoding.series import Columns, iso_timestamps


class JsonEncoder:
    """Encodes rows as one object a line.

    Missing values, NaN and infinities become null, as JSON cannot represent them. Dates are ISO 8601 text.
    """

    def __init__(self, table: Table) -> None:
        """Prepares the columns."""
        self._columns = Columns(table)

    def preamble(self, _metadata: Mapping[str, str]) -> bytes:
        """Nothing; JSON lines cannot hold metadata."""
        return b""

    def encode(self, arrays: Arrays) -> bytes:
        """Encodes rows as lines."""
        frame = pl.DataFrame([self._series(column, arrays) for column in self._columns.table.columns])
        if frame.is_empty():
            return b""
        sink = io.BytesIO()
        frame.write_ndjson(sink)
        return sink.getvalue()

    def _series(self, column: Column, arrays: Arrays) -> pl.Series:
        series = self._columns.series(column, arrays)
        if column.type is ColumnType.DATE:
            return series.dt.strftime("%Y-%m-%d")
        if column.type is ColumnType.TIMESTAMP:
            return iso_timestamps(series, utc=column.utc)
        return series
