"""Rows as CSV, in the format of each column."""

import csv
import io
from collections.abc import Mapping

import polars as pl

from synthserve_core.contract.model import Arrays, Column, ColumnType, CsvFormat, Table
from synthserve_core.encoding.series import Columns, iso_timestamps

_DEFAULT = CsvFormat()


class CsvEncoder:
    """Encodes rows as CSV (RFC 4180, LF line ends, UTF-8).

    A missing value is written as the missing text of its column, by default an empty cell. A table with one column
    quotes the empty cell, because readers skip empty lines.
    """

    def __init__(self, table: Table) -> None:
        """Prepares the header line."""
        missing = {column.name: column.csv.missing_text for column in table.columns if column.csv.missing_text}
        self._columns = Columns(table, missing)
        self._delimiter = table.csv_delimiter
        self._missing = '""' if len(table.columns) == 1 else ""
        header = io.StringIO()
        names = [column.name for column in table.columns]
        csv.writer(header, delimiter=self._delimiter, lineterminator="\n").writerow(names)
        self._header = header.getvalue().encode()

    def preamble(self, _metadata: Mapping[str, str]) -> bytes:
        """The header line; CSV cannot hold metadata."""
        return self._header

    def encode(self, arrays: Arrays) -> bytes:
        """Encodes rows as lines."""
        frame = pl.DataFrame([self._series(column, arrays) for column in self._columns.table.columns])
        if frame.is_empty():
            return b""
        sink = io.BytesIO()
        frame.write_csv(sink, include_header=False, separator=self._delimiter, null_value=self._missing)
        return sink.getvalue()

    def _series(self, column: Column, arrays: Arrays) -> pl.Series:
        series = _formatted(column, self._columns.series(column, arrays))
        if (missing := column.csv.missing_text) and series.null_count():
            series = series.cast(pl.String).fill_null(missing)
        return series


def _formatted(column: Column, series: pl.Series) -> pl.Series:
    form = column.csv
    match column.type:
        case ColumnType.DATE | ColumnType.TIMESTAMP if form.pattern:
            # The pattern of a date can contain a time of day, which is midnight.
            return series.cast(pl.Datetime("us")).dt.strftime(_directives(form.pattern))
        case ColumnType.DATE:
            return series.dt.strftime("%Y-%m-%d")
        case ColumnType.TIMESTAMP:
            return iso_timestamps(series, utc=column.utc)
        case ColumnType.INT64 if form.digits:
            return _filled(series, form.digits)
        case ColumnType.DOUBLE if form.decimals is not None or form.decimal_separator != "." or form.missing_text:
            return _numbers(series, form)
        case ColumnType.BOOL if (form.true_text, form.false_text) != (_DEFAULT.true_text, _DEFAULT.false_text):
            texts = pl.Series([form.false_text, form.true_text], dtype=pl.String)
            return texts.gather(series.cast(pl.UInt32)).alias(series.name)
    return series


def _directives(pattern: str) -> str:
    """The pattern for Polars, whose %f has nine digits."""
    return pattern.replace("%%", "\0").replace("%f", "%6f").replace("\0", "%%")


def _filled(series: pl.Series, digits: int) -> pl.Series:
    texts = series.cast(pl.String)
    return texts.str.zfill(digits + 1).zip_with((series < 0).fill_null(value=False), texts.str.zfill(digits))


def _numbers(series: pl.Series, form: CsvFormat) -> pl.Series:
    """Numbers as text, formatted as in other columns except for the decimals."""
    sink = io.BytesIO()
    series.to_frame().write_csv(sink, include_header=False, float_precision=form.decimals, null_value="")
    texts = pl.Series(series.name, sink.getvalue().decode().split("\n")[:-1], dtype=pl.String)
    texts = texts.set(texts == "", None)  # a number is never empty
    return texts if form.decimal_separator == "." else texts.str.replace(".", form.decimal_separator, literal=True)
