"""How the values of a column are written: what can read them, and reading them."""

import polars as pl

from synthserve_training.data.inspection.formats import numbers, times, truth
from synthserve_training.tables.columns import ColumnOptions, ColumnType


def read(texts: pl.Series, options: ColumnOptions) -> pl.Series:
    """Reads texts as a column's options say.

    Args:
        texts: Trimmed texts, none of them missing.
        options: Of the column.

    Returns:
        Values as `TypedColumn` has them, texts for columns of texts; null where a text cannot be read.
    """
    match options.type:
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            return numbers.read(texts, options)
        case ColumnType.BOOLEAN:
            return truth.read(texts, options)
        case ColumnType.DATE | ColumnType.TIMESTAMP | ColumnType.TIME:
            return times.read(texts, options)
        case _:
            return texts
