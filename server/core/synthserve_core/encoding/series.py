"""Columns as Polars series."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from synthserve_core.contract.model import Arrays, Column, ColumnType, Table
from synthserve_core.contract.texts import texts_of


class Columns:
    """Converts the columns of a table to series. Safe to use from several threads."""

    def __init__(self, table: Table, missing: Mapping[str, str] | None = None) -> None:
        """Prepares the texts of categories for the lookup by code.

        Args:
            table: The columns.
            missing: The text of a missing category, by column; without one it is null.
        """
        self.table = table
        missing = missing or {}
        # The last text is that of a missing value.
        self._texts: Mapping[str, pl.Series] = {
            column.name: pl.Series(column.name, [*column.categories, missing.get(column.name)], dtype=pl.String)
            for column in table.columns
            if column.type is ColumnType.CATEGORY
        }

    def series(self, column: Column, arrays: Arrays) -> pl.Series:
        """A column as Float64, Int64, Boolean, String (also categories), Date or Datetime.

        A missing value is null, except for a category whose column has a text for it.
        """
        if column.type is ColumnType.CATEGORY:
            return self._categories(column, arrays)
        if column.type is ColumnType.STRING:
            values = _strings(column, arrays)
        else:
            values = pl.Series(column.name, arrays[column.name])
        if column.nullable:
            valid = pl.Series(arrays[column.validity])
            values = values.zip_with(valid, pl.Series([None], dtype=values.dtype))
        if column.type is ColumnType.DATE:
            return values.cast(pl.Date)
        if column.type is ColumnType.TIMESTAMP:
            return values.cast(pl.Datetime("us"))
        return values

    def _categories(self, column: Column, arrays: Arrays) -> pl.Series:
        codes = arrays[column.name]
        if column.nullable:
            codes = np.where(arrays[column.validity], codes, len(column.categories))
        # An index is several times faster than `gather`, which goes through a query.
        return self._texts[column.name][codes]


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
