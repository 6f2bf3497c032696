"""Dates as a spreadsheet counts them, in days since 1899-12-30: a file has them where cells had no format of dates."""

import polars as pl

from synthserve_training.data.inspection.deciding import names
from synthserve_training.data.inspection.formats import read
from synthserve_training.tables.columns import ColumnOptions, ColumnType

_FIRST, _LAST = 18_264, 62_093
"""1950-01-01 and 2069-12-31."""

NOTE = (
    "they may be dates as Excel counts them, in days since 1899-12-30, and are taken for numbers: give the cells a "
    "format of dates, and save the file anew"
)


def may_be(options: ColumnOptions, texts: pl.Series) -> bool:
    """Whether numbers of a column may be serial dates, by its name and by their size.

    Args:
        options: What the column is taken for.
        texts: Its distinct values.
    """
    if options.type not in (ColumnType.INTEGER, ColumnType.DECIMAL) or not names.of_dates(options.name):
        return False
    found = read(texts, options)
    low, high = found.min(), found.max()
    return bool(low is not None and high is not None and low >= _FIRST and high <= _LAST)  # type: ignore[operator]
