"""Checks the CSV format that a manifest declares for a column."""

import re

from synthserve.v1 import schema_pb2
from synthserve_core.contract.checks import require
from synthserve_core.contract.model import ColumnType, CsvFormat

DEFAULT = CsvFormat()

_PATTERN = re.compile(r"(?:[^%\0]|%[YmdHMSfybBpIj%])*")
_LONGEST_PATTERN = 100
_LONGEST_TEXT = 100
_TIME_OF_DAY = re.compile(r"(?=.*%[HI])(?:[^%\0]|%[HIMSfp%])*")
_DATED = {ColumnType.DATE, ColumnType.TIMESTAMP}
_MOST_DIGITS = 30


def is_delimiter(text: str) -> bool:
    """Whether a text can delimit cells: one ASCII character that no number or boolean contains, and no quote."""
    return len(text) == 1 and text.isascii() and _separates(text) and text not in '."\r\n\0'


def _separates(text: str) -> bool:
    """Whether no number contains this character."""
    return not text.isalnum() and text not in "+-"


def described(column: schema_pb2.Column, kind: ColumnType) -> CsvFormat:
    """The format of a column.

    Args:
        column: The column in the manifest.
        kind: Its type.

    Raises:
        ManifestError: A field does not apply to this type, or has a value that is not allowed.
    """
    csv, what = column.csv, f"the CSV format of the column {column.name!r}"
    require(
        not csv.pattern or kind in _DATED or (kind is ColumnType.STRING and bool(_TIME_OF_DAY.fullmatch(csv.pattern))),
        f"{what} has a pattern, but only dates and timestamps can have one, and texts that are times of day",
    )
    require(
        len(csv.pattern) <= _LONGEST_PATTERN and _PATTERN.fullmatch(csv.pattern) is not None,
        f"{what} has a pattern with directives that are not known: {csv.pattern!r}",
    )
    require(not csv.pattern or "%" in csv.pattern, f"{what} has a pattern without directives: {csv.pattern!r}")
    require(
        csv.digits == 0 or (kind is ColumnType.INT64 and 1 <= csv.digits <= _MOST_DIGITS),
        f"{what} has digits, but only INT64 columns can, and from 1 to {_MOST_DIGITS}",
    )
    require(
        not csv.HasField("decimals") or (kind is ColumnType.DOUBLE and 0 <= csv.decimals <= _MOST_DIGITS),
        f"{what} has decimals, but only DOUBLE columns can, and from 0 to {_MOST_DIGITS}",
    )
    require(
        not csv.decimal_separator
        or (kind is ColumnType.DOUBLE and (csv.decimal_separator == "." or is_delimiter(csv.decimal_separator))),
        f"{what} has the decimal separator {csv.decimal_separator!r}; only DOUBLE columns have one, of one character",
    )
    texts = (csv.true_text, csv.false_text)
    require(not any(texts) or kind is ColumnType.BOOL, f"{what} has texts of true and false, but is not BOOL")
    require(
        kind is not ColumnType.BOOL or (csv.true_text or "true") != (csv.false_text or "false"),
        f"{what} has the same text for true and false",
    )
    require(csv.true_text != "false" and csv.false_text != "true", f"{what} has the texts of true and false swapped")
    present = {*column.categories, *texts} - {""}
    require(
        not csv.missing_text or csv.missing_text not in present,
        f"{what} has the missing_text {csv.missing_text!r}, which is the text of a value",
    )
    require(
        max(map(len, (*texts, csv.missing_text))) <= _LONGEST_TEXT,
        f"{what} has a text of more than {_LONGEST_TEXT} characters",
    )
    return CsvFormat(
        pattern=csv.pattern,
        digits=csv.digits,
        decimals=csv.decimals if csv.HasField("decimals") else None,
        decimal_separator=csv.decimal_separator or DEFAULT.decimal_separator,
        true_text=csv.true_text or DEFAULT.true_text,
        false_text=csv.false_text or DEFAULT.false_text,
        missing_text=csv.missing_text,
    )
