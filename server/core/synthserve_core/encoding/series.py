"""Columns as Polars series."""

from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from synthserve_core.contract.model import Arrays, Column, ColumnType, Table
from synthserve_core.contract.texts import texts_of


class Columns:
    """Converts the columns of a table to series. Safe to use from several threads."""

    def __init__(self, table: Table) -> None:
        """Prepares the texts of categories for the lookup by code."""
        self.table = table
        self._texts: Mapping[str, pl.Series] = {
            column.name: pl.Series(column.categories, dtype=pl.String)
            for column in table.columns
            if column.type is ColumnType.CATEGORY
        }

    def series(self, column: Column, arrays: Arrays) -> pl.Series:
        """A column as Float64, Int64, Boolean, String (also categories), Date or Datetime; missing values are null."""
        if column.type is ColumnType.STRING:
            values = _strings(column, arrays)
        else:
            values = pl.Series(column.name, arrays[column.name])
        if column.nullable:
            # Set to null before the lookup, as the code of a missing value can be any number.
            valid = pl.Series(arrays[column.validity])
            values = values.zip_with(valid, pl.Series([None], dtype=values.dtype))
        if column.type is ColumnType.CATEGORY:
            return self._texts[column.name].gather(values).alias(column.name)
        if column.type is ColumnType.DATE:
            return values.cast(pl.Date)
        if column.type is ColumnType.TIMESTAMP:
            return values.cast(pl.Datetime("us"))
        return values


def _strings(column: Column, arrays: Arrays) -> pl.Series:
    texts = texts_of(arrays[column.name], arrays.get(column.validity))
    array = pa.StringArray.from_buffers(len(texts.offsets) - 1, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data))
    return pl.Series(column.name, array, dtype=pl.String)


def iso_timestamps(series: pl.Series, *, utc: bool) -> pl.Series:
    """Timestamps as ISO 8601: with six decimals if they have a fraction, and a final `Z` if they are instants."""
    zone = "Z" if utc else ""
    whole = series.dt.strftime(f"%Y-%m-%dT%H:%M:%S{zone}")
    fractions = series.dt.microsecond() != 0
    if not fractions.any():
        return whole
    return series.dt.strftime(f"%Y-%m-%dT%H:%M:%S.%6f{zone}").zip_with(fractions.fill_null(value=False), whole)
