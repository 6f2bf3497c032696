"""Estimates the bytes per row, so that the size of messages can be chosen before the rows exist."""

from synthserve_core.contract.model import DTYPES, Column, ColumnType, Table
from synthserve_core.encoding.rows import Format

_TYPICAL_TEXT = 16
"""Bytes of a typical STRING, unless its maximum is smaller."""

_NUMBER = 26
"""Characters of the longest number, without a fixed number of decimals."""

_WHOLE_DOUBLE = 310
"""The digits of the largest double, and a sign."""

_LONGEST_DIRECTIVE = 9
"""Characters of the longest expansion of a directive of a pattern: September."""


def row_widths(table: Table, file_format: Format | None) -> tuple[int, int]:
    """Estimates the bytes per row.

    Args:
        table: The schema of the rows.
        file_format: The file format; None for bare arrays.

    Returns:
        A typical width and the largest possible one.
    """
    if file_format in (None, Format.ARROW):
        nulls = sum(column.nullable for column in table.columns)
        typical = sum(_binary(column, _TYPICAL_TEXT) for column in table.columns)
        return typical + nulls, sum(_binary(column, column.max_bytes) for column in table.columns) + nulls
    names = sum(len(column.name.encode()) + 4 for column in table.columns) if file_format is Format.JSON_LINES else 0
    largest = sum(_largest_text(column) for column in table.columns)
    return names + 10 * len(table.columns), 6 * names + largest


def _binary(column: Column, text: int) -> int:
    if column.type is ColumnType.STRING:
        return 4 + min(text, column.max_bytes)
    return DTYPES[column.type].itemsize


def _largest_text(column: Column) -> int:
    return max(_largest_value(column), 4 * len(column.csv.missing_text)) + 3


def _largest_value(column: Column) -> int:
    form = column.csv
    # A JSON escape turns one byte into six.
    match column.type:
        case ColumnType.CATEGORY:
            return 6 * max(len(category.encode()) for category in column.categories)
        case ColumnType.STRING:
            return 6 * column.max_bytes
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return max(_NUMBER, _LONGEST_DIRECTIVE * len(form.pattern.encode()))
        case ColumnType.BOOL:
            return 4 * max(len(form.true_text), len(form.false_text))
        case ColumnType.DOUBLE if form.decimals is not None:
            return _WHOLE_DOUBLE + form.decimals
    return max(_NUMBER, form.digits + 1)
